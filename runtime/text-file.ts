/**
 * Text and JSON that people hand over in files. What cannot be read is refused in words that say why and what to do, under
 * the code of whoever asks; nothing of the content is quoted, since it may be a secret.
 */
import { closeSync, fstatSync, openSync, readSync } from "node:fs";
import {
  documentBounds,
  NotJson,
  parseJson,
  sizeText,
  TextFault,
  type TextBounds,
} from "../schemas/reading/json-text.ts";
import { NotYaml, parseYaml, yamlBounds } from "../schemas/reading/yaml-text.ts";
import { PavilionError, type ErrorCode } from "../errors/errors.ts";
import { foreignKind, notUtf8, type ForeignKind } from "./file-kind.ts";

/** The file's text, in UTF-8, without its byte order mark. Throws under the code. */
export function readText(file: string, code: ErrorCode, lengthMax: number): string {
  const bytes = bytesOf(file, code, lengthMax);
  const foreign = foreignKind(bytes, file);
  if (foreign !== undefined) throw isForeign(file, code, foreign);
  try {
    return new TextDecoder("utf-8", { fatal: true }).decode(bytes);
  } catch (cause) {
    throw isForeign(file, code, notUtf8(file), cause);
  }
}

/** The JSON that a file holds. Throws under the code, which names the place of a mistake. */
export function readJson(file: string, code: ErrorCode, bounds: TextBounds = documentBounds): unknown {
  const text = readText(file, code, bounds.lengthMax);
  return held(
    file,
    code,
    () => parseJson(text, bounds),
    (fault) => (fault instanceof NotJson ? placeIn(text) : ""),
  );
}

/** The same as text, for who parses it again. */
export function readJsonText(file: string, code: ErrorCode, bounds: TextBounds = documentBounds): string {
  const text = readText(file, code, bounds.lengthMax);
  held(
    file,
    code,
    () => parseJson(text, bounds),
    (fault) => (fault instanceof NotJson ? placeIn(text) : ""),
  );
  return text;
}

/** The YAML that a file holds, likewise. */
export function readYaml(file: string, code: ErrorCode): unknown {
  const text = readText(file, code, yamlBounds.lengthMax);
  return held(file, code, () => parseYaml(text));
}

function held<T>(
  file: string,
  code: ErrorCode,
  read: () => T,
  place: (fault: TextFault) => string = () => "",
): T {
  try {
    return read();
  } catch (cause) {
    if (!(cause instanceof TextFault)) throw cause;
    throw new PavilionError(code, `${file} ${cause.message}${place(cause)}.`, remedyFor(cause));
  }
}

function remedyFor(fault: TextFault): string {
  if (fault instanceof NotJson)
    return "Correct it there: JSON wants names and texts in double quotes, a comma between members and none after the last.";
  if (fault instanceof NotYaml)
    return "Correct it there: members of one level are indented alike, by spaces and never by tabs.";
  return "Check that it is the file that you mean, and that each member stands in it once.";
}

/**
 * The parser's own messages quote what they read, and often name no place. A beginning of the text that could still become
 * JSON fails at its end, so the mistake is where the longest such beginning stops.
 */
function placeIn(text: string): string {
  if (text.trim() === "") return ": it is empty";
  if (mayBecomeJson(text)) return ": it ends too early";
  let [good, bad] = [0, text.length];
  while (bad - good > 1) {
    const middle = Math.floor((good + bad) / 2);
    if (mayBecomeJson(text.slice(0, middle))) good = middle;
    else bad = middle;
  }
  return `: there is a mistake in line ${String(text.slice(0, bad - 1).split("\n").length)}`;
}

function mayBecomeJson(beginning: string): boolean {
  try {
    JSON.parse(beginning);
    return true;
  } catch (error) {
    const told = error instanceof Error ? error.message : "";
    const [, position] = / at position (\d+)/.exec(told) ?? [];
    return told.includes("end of JSON input") || Number(position) >= beginning.length;
  }
}

function bytesOf(file: string, code: ErrorCode, lengthMax: number): Uint8Array {
  let handle: number;
  try {
    handle = openSync(file, "r");
  } catch (cause) {
    throw new PavilionError(code, whyNotOpened(file, cause), "Check its path.", { cause });
  }
  try {
    const stat = fstatSync(handle);
    if (stat.isDirectory()) throw new PavilionError(code, `${file} is a folder.`, "Name a file in it.");
    return readUpTo(handle, lengthMax) ?? tooLong(file, code, lengthMax);
  } finally {
    closeSync(handle);
  }
}

/** Undefined where there is more: a pipe or device does not say how long it is. */
function readUpTo(handle: number, lengthMax: number): Uint8Array | undefined {
  const chunks: Buffer[] = [];
  for (let length = 0; length <= lengthMax;) {
    const chunk = Buffer.alloc(Math.min(65_536, lengthMax + 1 - length));
    const read = readSync(handle, chunk);
    if (read === 0) return Buffer.concat(chunks);
    chunks.push(chunk.subarray(0, read));
    length += read;
  }
  return undefined;
}

function tooLong(file: string, code: ErrorCode, lengthMax: number): never {
  throw new PavilionError(
    code,
    `${file} is larger than ${sizeText(lengthMax)}, which is the most that is read.`,
    "Check that it is the file that you mean.",
  );
}

function whyNotOpened(file: string, cause: unknown): string {
  const { code } = cause as NodeJS.ErrnoException;
  if (code === "ENOENT" || code === "ENOTDIR") return `There is no file ${file}.`;
  if (code === "EACCES" || code === "EPERM") return `You are not allowed to read ${file}.`;
  return `${file} cannot be read (${code ?? "unknown"}).`;
}

const isForeign = (
  file: string,
  code: ErrorCode,
  { what, remedy }: ForeignKind,
  cause?: unknown,
): PavilionError => new PavilionError(code, `${file} is ${what}.`, remedy, { cause });
