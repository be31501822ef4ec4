/**
 * Commands that are printed for people to run: each can be copied into a shell as it stands, whatever its paths hold. The
 * quoting is that of bash, zsh and ksh; where no control character is in it, of any POSIX shell.
 */

/** A command as a template: what is filled in becomes one word of it each, quoted where it has to be. */
export function shell(texts: TemplateStringsArray, ...words: readonly string[]): string {
  return texts.reduce((command, text, index) => command + shellWord(words[index - 1] ?? "") + text);
}

/** One word of a shell's command line. A path that begins with a dash is not to be taken for an option. */
export function shellWord(text: string): string {
  const word = text.startsWith("-") ? `./${text}` : text;
  if (/^[A-Za-z0-9_@%+:,./-]+$/.test(word)) return word;
  if (!/\p{Cc}/u.test(word)) return `'${word.replaceAll("'", String.raw`'\''`)}'`;
  const escaped = word.replace(/['\\]/g, String.raw`\$&`).replace(/\p{Cc}/gu, octal);
  return `$'${escaped}'`;
}

/** Byte by byte: those above 127 among the control characters take two in UTF-8. */
const octal = (character: string): string =>
  [...new TextEncoder().encode(character)].map((byte) => `\\${byte.toString(8).padStart(3, "0")}`).join("");
