/**
 * JSON from outside: looked through in linear time, without taking memory, before anything is made of it.
 *
 * Promises: a text that is longer, deeper or of more values than its kind can have is refused before it is parsed, so that
 * what parsing takes is bounded by the bounds; an object that names a member twice is refused, since of two readers one would
 * take the first and another the last.
 * Does not: say what the document means; its schema does.
 */

/** The most that a text may have. */
export interface TextBounds {
  /** In bytes of UTF-8, or in characters: a text has no more of these than of those. */
  readonly lengthMax: number;
  /** Lists and objects within one another. */
  readonly depthMax: number;
  /** Texts, numbers, words, lists, objects and names of members, all told. */
  readonly valuesMax: number;
}

const MIB = 1024 * 1024;

/** A document that people write or sign: the longest, a collaboration of sixteen wide datasets, has some 40,000 values. */
export const documentBounds: TextBounds = { lengthMax: 4 * MIB, depthMax: 64, valuesMax: 200_000 };

/** Longest of a number, `true`, `false` or `null`, in characters: one that was written from a double has at most 25. */
const WORD_LENGTH_MAX = 64;

/** Why a text is not read: the end of a sentence that begins with what it is. */
export class TextFault extends Error {}

/** It breaks no bound, and is no JSON. */
export class NotJson extends TextFault {}

/** A bound as people read it. */
export function sizeText(length: number): string {
  if (length >= MIB) return `${String(length / MIB)} MiB`;
  return length >= 1024 ? `${String(length / 1024)} KiB` : `${String(length)} bytes`;
}

/** Throws TextFault. */
export function requireLength(length: number, { lengthMax }: Pick<TextBounds, "lengthMax">): void {
  if (length <= lengthMax) return;
  throw new TextFault(`is larger than ${sizeText(lengthMax)}, which is the most that is read`);
}

function requireValues(count: number, { valuesMax }: Pick<TextBounds, "valuesMax">): void {
  if (count <= valuesMax) return;
  throw new TextFault(
    `has more than ${valuesMax.toLocaleString("en")} values, which is the most that is read`,
  );
}

/** What a JSON text says. Throws TextFault. */
export function parseJson(text: string, bounds: TextBounds = documentBounds): unknown {
  requireLength(text.length, bounds);
  const written = membersWritten(text, bounds);
  let value: unknown;
  try {
    value = JSON.parse(text);
  } catch {
    throw new NotJson("is not JSON");
  }
  if (written !== membersKept(value)) throw new TextFault("names a member of an object twice");
  return value;
}

/** How many members the objects of a text name, once it keeps to the bounds. Of what is no JSON the number means nothing. */
function membersWritten(text: string, bounds: TextBounds): number {
  const { depthMax } = bounds;
  let [at, depth, values, members] = [0, 0, 0, 0];
  while (at < text.length) {
    const start = at;
    const code = text.charCodeAt(at);
    if (code === QUOTE) {
      at = endOfString(text, start);
      values++;
      if (text.charCodeAt(afterSpace(text, at)) === COLON) members++;
    } else if (code === OPEN_LIST || code === OPEN_OBJECT) {
      at++;
      depth++;
      values++;
    } else if (code === CLOSE_LIST || code === CLOSE_OBJECT) {
      at++;
      depth--;
    } else if (isPunctuation(code)) {
      at++;
    } else {
      at = endOfWord(text, start);
      values++;
      if (at - start > WORD_LENGTH_MAX)
        throw new TextFault(`has a number or word of more than ${String(WORD_LENGTH_MAX)} characters`);
    }
    if (depth > depthMax)
      throw new TextFault(
        `is nested more than ${String(depthMax)} levels deep, which is the most that is read`,
      );
    requireValues(values, bounds);
  }
  return members;
}

const [QUOTE, ESCAPE, COLON, COMMA] = [0x22, 0x5c, 0x3a, 0x2c];
const [OPEN_LIST, CLOSE_LIST, OPEN_OBJECT, CLOSE_OBJECT] = [0x5b, 0x5d, 0x7b, 0x7d];

const isSpace = (code: number): boolean => code === 0x20 || code === 0x0a || code === 0x0d || code === 0x09;
const isPunctuation = (code: number): boolean => code === COLON || code === COMMA || isSpace(code);

function endOfString(text: string, start: number): number {
  let at = start + 1;
  while (at < text.length && text.charCodeAt(at) !== QUOTE) at += text.charCodeAt(at) === ESCAPE ? 2 : 1;
  return at + 1;
}

function afterSpace(text: string, start: number): number {
  let at = start;
  while (isSpace(text.charCodeAt(at))) at++;
  return at;
}

/** Where a number or a word ends that begins there, of one character at least. */
function endOfWord(text: string, start: number): number {
  let at = start + 1;
  while (at < text.length && at - start <= WORD_LENGTH_MAX && isOfWord(text.charCodeAt(at))) at++;
  return at;
}

const structural = new Set([QUOTE, OPEN_LIST, CLOSE_LIST, OPEN_OBJECT, CLOSE_OBJECT]);
const isOfWord = (code: number): boolean => !isPunctuation(code) && !structural.has(code);

/** How many members the objects within a value have. */
function membersKept(value: unknown): number {
  let count = 0;
  for (const inner of valuesIn(value)) {
    if (typeof inner === "object" && inner !== null && !Array.isArray(inner))
      count += Object.keys(inner).length;
  }
  return count;
}

/** Holds a part of what was parsed to narrower bounds than the whole had. Throws TextFault. */
export function requireWithin(part: unknown, bounds: Pick<TextBounds, "lengthMax" | "valuesMax">): void {
  let [length, values] = [0, 0];
  for (const inner of valuesIn(part)) {
    values++;
    if (typeof inner === "string") length += inner.length;
    else if (typeof inner === "object" && inner !== null && !Array.isArray(inner)) {
      for (const name of Object.keys(inner)) {
        values++;
        length += name.length;
      }
    }
    requireLength(length, bounds);
    requireValues(values, bounds);
  }
}

/** A value and all that is in it, in no order that means anything. */
function* valuesIn(value: unknown): Generator {
  const left = [value];
  for (let next = left.pop(); next !== undefined; next = left.pop()) {
    yield next;
    if (typeof next === "object" && next !== null)
      for (const member of Object.values(next)) left.push(member);
  }
}
