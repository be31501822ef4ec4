/**
 * Names that every object, function, list or promise has a member of, as people may call what is theirs.
 */

/** Those that are ids. */
export const oddIds = ["constructor", "prototype", "then", "length", "name", "arguments", "caller"] as const;

/** What else stands in files, headers and categories. */
export const oddTexts = ["__proto__", "toString", "hasOwnProperty", "valueOf", "__defineGetter__", ...oddIds];

/** The value with each of its words that is a key of `names` as that says, wherever in a text or a member's name. */
export function renamed<T>(value: T, names: ReadonlyMap<string, string>): T {
  const words = new RegExp(`(?<![\\w])(${[...names.keys()].join("|")})(?![\\w])`, "g");
  return JSON.parse(JSON.stringify(value).replaceAll(words, (word) => names.get(word) ?? word)) as T;
}
