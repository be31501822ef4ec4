/**
 * YAML that somebody wrote by hand, held to bounds before it is parsed: a parser takes quadratic time for nested lists and for
 * the members of one object, and much memory for short texts.
 *
 * Promises: as json-text.ts; what aliases stand for is bounded by the parser.
 */
import { Lexer, LineCounter, parseDocument, visit, isScalar, YAMLParseError, type Document } from "yaml";
import { requireLength, TextFault } from "./json-text.ts";

/** Longer ones are written by programs, which write JSON. */
export const yamlBounds = { lengthMax: 512 * 1024, depthMax: 64, tokensMax: 250_000 };

/** It breaks no bound, and is no YAML. */
export class NotYaml extends TextFault {}

/** What a YAML text says. Throws TextFault. */
export function parseYaml(text: string): unknown {
  requireLength(text.length, yamlBounds);
  requireTokens(text);
  requireIndents(text);
  const lines = new LineCounter();
  const at = (offset: number): string => ` in line ${String(lines.linePos(offset).line)}`;
  // The parser compares each name with each other: here every one is looked up once.
  const document = parseDocument(text, { uniqueKeys: false, lineCounter: lines });
  const [error] = document.errors;
  if (error !== undefined)
    throw new NotYaml(`is not YAML: there is a mistake${at(error.pos[0])}`, { cause: error });
  const twice = firstTwice(document);
  if (twice !== undefined) throw new TextFault(`names a member of an object twice${at(twice)}`);
  try {
    return document.toJS();
  } catch (cause) {
    if (cause instanceof ReferenceError || cause instanceof YAMLParseError)
      throw new TextFault("has aliases that stand for too much, or for nothing", { cause });
    throw cause;
  }
}

function requireTokens(text: string): void {
  const { tokensMax } = yamlBounds;
  let [depth, tokens] = [0, 0];
  for (const token of new Lexer().lex(text)) {
    tokens++;
    if (token === "[" || token === "{") depth++;
    else if (token === "]" || token === "}") depth--;
    requireDepth(depth);
    if (tokens > tokensMax) throw new TextFault("has more values than are read; write it in JSON");
  }
}

/**
 * What nests by its indentation, dashes within a line among it, each as deep as it stands. How deep a parser itself can go depends on what else is
 * on its stack.
 */
function requireIndents(text: string): void {
  const open: number[] = [];
  for (const line of text.split("\n")) {
    const [, spaces = "", dashes = "", rest = ""] = /^( *)((?:[-?] +)*)(.*)$/.exec(line) ?? [];
    if (rest.trim() === "" && dashes === "") continue;
    const starts = [spaces.length];
    for (const dash of dashes.matchAll(/[-?] +/g)) starts.push((starts.at(-1) ?? 0) + dash[0].length);
    for (const start of starts) {
      while ((open.at(-1) ?? -1) >= start) open.pop();
      open.push(start);
      requireDepth(open.length);
    }
  }
}

function requireDepth(depth: number): void {
  const { depthMax } = yamlBounds;
  if (depth > depthMax)
    throw new TextFault(
      `is nested more than ${String(depthMax)} levels deep, which is the most that is read`,
    );
}

/** Where the first member stands whose object has named it before. */
function firstTwice(document: Document): number | undefined {
  let found: number | undefined;
  visit(document, {
    Map: (_, { items }) => {
      const names = new Set<string>();
      for (const { key } of items) {
        const name = isScalar(key) ? String(key.value) : undefined;
        if (name === undefined || !names.has(name)) {
          if (name !== undefined) names.add(name);
          continue;
        }
        found = isScalar(key) ? (key.range?.[0] ?? 0) : 0;
        return visit.BREAK;
      }
      return undefined;
    },
  });
  return found;
}
