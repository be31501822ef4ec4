/**
 * `completion bash|zsh|fish`: a script for the shell, made from the commands' own usage lines.
 */
import { argumentsOf, type Command } from "../command.ts";
import { misuse } from "../../errors/misuse.ts";

/** What may follow what was typed: a group's commands, or a command's options. By the words before, joined. */
function followersIn(commands: readonly Command[]): Map<string, string[]> {
  const found = new Map<string, string[]>();
  const add = (after: string, word: string): void => {
    const words = found.get(after) ?? [];
    found.set(after, words);
    if (!words.includes(word)) words.push(word);
  };
  for (const command of commands) {
    const { name } = command;
    const [first = "", second] = name.split(" ");
    add("", first);
    if (second !== undefined) add(first, second);
    const options = argumentsOf(command).map((argument) => argument.name);
    for (const option of options.filter((one) => one.startsWith("--"))) add(name, option);
    add(name, "--help");
  }
  return found;
}

type Followers = ReadonlyMap<string, readonly string[]>;

const scripts: Readonly<Record<string, (followers: Followers) => string>> = { bash, zsh, fish };

export function completion(commands: readonly Command[], [shell = "", ...more]: readonly string[]): number {
  const script = Object.hasOwn(scripts, shell) ? scripts[shell] : undefined;
  if (script === undefined || more.length > 0) throw misuse("completion takes one of bash, zsh and fish.");
  console.log(script(followersIn(commands)));
  return 0;
}

const cases = (followers: Followers): string =>
  [...followers].map(([after, words]) => `    "${after}") words="${words.join(" ")}" ;;`).join("\n");

function bash(followers: Followers): string {
  return `# To use: source <(./pavilion completion bash)
_pavilion() {
  local typed="\${COMP_WORDS[*]:1:COMP_CWORD-1}" current="\${COMP_WORDS[COMP_CWORD]}" words=""
  typed="\${typed%% --*}"
  case "$typed" in
${cases(followers)}
  esac
  COMPREPLY=($(compgen -W "$words" -- "$current"))
  [[ \${#COMPREPLY[@]} -gt 0 || $current == -* ]] || COMPREPLY=($(compgen -f -- "$current"))
}
complete -o filenames -F _pavilion pavilion ./pavilion`;
}

function zsh(followers: Followers): string {
  return `# To use: source <(./pavilion completion zsh)
autoload -Uz bashcompinit && bashcompinit
${bash(followers)}`;
}

function fish(followers: Followers): string {
  const lines = [...followers].flatMap(([after, words]) => {
    const condition =
      after === ""
        ? "__fish_use_subcommand"
        : after
            .split(" ")
            .map((word) => `__fish_seen_subcommand_from ${word}`)
            .join("; and ");
    return words.map((word) =>
      word.startsWith("--")
        ? `complete -c pavilion -n "${condition}" -l ${word.slice(2)}`
        : `complete -c pavilion -f -n "${condition}" -a ${word}`,
    );
  });
  return `# To use: ./pavilion completion fish | source\n${lines.join("\n")}`;
}
