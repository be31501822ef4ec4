/**
 * Every small change of a JSON document: each value another of its type and of another type, each member gone, an unknown
 * member in each object, each list's elements doubled, dropped and swapped.
 */
import { isDeepStrictEqual } from "node:util";

export type Path = readonly (string | number)[];

export interface Mutation {
  /** A JSON pointer and what was done there. */
  readonly what: string;
  readonly at: Path;
  readonly document: unknown;
}

export const pointer = (at: Path): string => at.map((step) => `/${String(step)}`).join("");

/** Changes that leave the document equal are not among them. */
export function* mutationsOf(document: object): Generator<Mutation> {
  for (const at of pathsIn(document)) {
    const value = valueAt(document, at);
    for (const [what, other] of othersOf(value)) {
      if (isDeepStrictEqual(other, value)) continue;
      yield { what: `${pointer(at)} ${what}`, at, document: replaced(document, at, other) };
    }
    const name = at.at(-1);
    if (typeof name === "string") {
      yield { what: `${pointer(at)} removed`, at, document: replaced(document, at, undefined) };
    }
  }
}

function* pathsIn(value: unknown, at: Path = []): Generator<Path> {
  yield at;
  if (typeof value !== "object" || value === null) return;
  const members = Array.isArray(value) ? value.entries() : Object.entries(value);
  for (const [step, member] of members) yield* pathsIn(member, [...at, step]);
}

const valueAt = (document: unknown, at: Path): unknown =>
  at.reduce((value, step) => (value as Record<string | number, unknown>)[step], document);

/** A copy with another value there; without the member where the value is undefined. */
function replaced(document: unknown, [step, ...rest]: Path, value: unknown): unknown {
  if (step === undefined) return value;
  const copy: unknown = Array.isArray(document) ? [...(document as unknown[])] : { ...(document as object) };
  const members = copy as Record<string | number, unknown>;
  const inner = replaced(members[step], rest, value);
  if (inner !== undefined) members[step] = inner;
  else Reflect.deleteProperty(members, step);
  return copy;
}

function* othersOf(value: unknown): Generator<[what: string, other: unknown]> {
  yield ["null", null];
  if (typeof value === "string") {
    for (const at of new Set([0, Math.floor(value.length / 2), value.length - 1]))
      yield [
        `respelt at ${String(at)}`,
        value.slice(0, at) + another(value.charAt(at)) + value.slice(at + 1),
      ];
    yield ["longer", `${value}0`];
    yield ["shorter", value.slice(0, -1)];
    yield ["a number", 1];
  } else if (typeof value === "number") {
    yield* [
      ["more", value + 1] as const,
      ["less", value - 1] as const,
      ["negative", -value - 1] as const,
    ].map(([what, other]): [string, unknown] => [what, other]);
    yield ["a text", String(value)];
  } else if (typeof value === "boolean") {
    yield ["opposite", !value];
  } else if (Array.isArray(value)) {
    yield* othersOfList(value);
  } else if (value !== null) {
    yield ["with an unknown member", { ...value, unknown: 1 }];
  }
}

function* othersOfList(list: readonly unknown[]): Generator<[what: string, other: unknown]> {
  for (const [index, element] of list.entries()) {
    const where = String(index);
    yield [`element ${where} doubled`, list.toSpliced(index, 0, element)];
    yield [`element ${where} dropped`, list.toSpliced(index, 1)];
    if (index > 0)
      yield [`element ${where} swapped`, list.with(index, list[index - 1]).with(index - 1, element)];
  }
}

/** Another character of the same kind, so that patterns still fit. */
function another(character: string): string {
  if (/[0-9]/.test(character)) return String((Number(character) + 1) % 10);
  if (/[a-f]/.test(character))
    return character === "f" ? "a" : String.fromCharCode(character.charCodeAt(0) + 1);
  if (/[g-zA-Z]/.test(character)) return character === "z" ? "g" : character === "Z" ? "A" : next(character);
  return "x";
}

const next = (character: string): string => String.fromCharCode(character.charCodeAt(0) + 1);
