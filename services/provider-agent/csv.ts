/**
 * The provider's file: CSV (RFC 4180; white space around a field is not part of it), UTF-8, with a header. Read as a
 * stream, and only the columns that are asked for.
 *
 * Promises: a file that cannot be read whole and exactly yields an error, never fewer or guessed rows. Errors name
 * columns and line numbers, and quote no cell.
 */
import { createReadStream } from "node:fs";
import { Readable } from "node:stream";
import { pipeline } from "node:stream/promises";
import { CsvError, parse } from "csv-parse";
import { PavilionError } from "../../errors/errors.ts";
import { foreignKind, HEAD_LENGTH, notUtf8, type ForeignKind } from "../../runtime/file-kind.ts";

export interface FileRow {
  /** From 1, the header not counted. */
  readonly row: number;
  /** Trimmed text of the columns asked for, in that order. */
  readonly cells: readonly string[];
}

/** Longest line, in bytes: a quote that is never closed would otherwise swallow the file. */
const LINE_LENGTH_MAX = 1_048_576;

/** The file's rows. `columns` are names of its header. Throws INPUT_UNREADABLE. */
export async function* readRows(file: string, columns: readonly string[]): AsyncGenerator<FileRow> {
  const parser = parse({ bom: true, trim: true, skip_empty_lines: true, max_record_size: LINE_LENGTH_MAX });
  // A failure reaches the loop through the parser, which the pipeline destroys with it.
  pipeline(Readable.from(textOf(file, columns)), parser).catch(() => undefined);
  let places: number[] | undefined;
  let row = 0;
  try {
    for await (const fields of parser as AsyncIterable<string[]>) {
      if (places === undefined) {
        places = placesOf(columns, fields);
      } else {
        yield { row: ++row, cells: places.map((place) => fields[place] ?? "") };
      }
    }
  } catch (error) {
    throw asUnreadable(error, file);
  }
  if (row === 0) throw new PavilionError("INPUT_UNREADABLE", `The file ${file} has no rows.`);
}

/** The file's text, once its beginning is that of a CSV: the parser's own complaints about another file say little. */
async function* textOf(file: string, columns: readonly string[]): AsyncGenerator<string> {
  let isFirst = true;
  for await (const text of decodeUtf8(file)) {
    if (isFirst) requireCommas(text, columns);
    isFirst = false;
    yield text;
  }
}

/** The text of a file that is UTF-8 throughout; a byte sequence that is not would otherwise become another identifier. */
async function* decodeUtf8(file: string): AsyncGenerator<string> {
  const decoder = new TextDecoder("utf-8", { fatal: true });
  let isFirst = true;
  for await (const chunk of createReadStream(file) as AsyncIterable<Buffer>) {
    const foreign = isFirst ? foreignKind(chunk.subarray(0, HEAD_LENGTH), file) : undefined;
    if (foreign !== undefined) throw isForeign(file, foreign);
    isFirst = false;
    yield decoder.decode(chunk, { stream: true });
  }
  yield decoder.decode();
}

/** What else may stand between columns, and what people call it. */
const delimiters: Readonly<Record<string, string>> = {
  ";": "semicolons",
  "\t": "tabs",
  "|": "vertical bars",
};

/** Throws INPUT_UNREADABLE where the first line has the columns when it is divided otherwise. */
function requireCommas(text: string, columns: readonly string[]): void {
  const [line = ""] = text.split(/[\r\n]/, 1);
  const namesBy = (delimiter: string): string[] =>
    line.split(delimiter).map((name) => name.trim().replace(/^"(.*)"$/s, "$1"));
  const byCommas = namesBy(",");
  const missing = columns.filter((column) => !byCommas.includes(column));
  if (missing.length === 0) return;
  for (const [delimiter, name] of Object.entries(delimiters)) {
    const names = namesBy(delimiter);
    const fits = missing.some((column) => names.includes(column)) && names.length > 1;
    if (!fits && (byCommas.length > 1 || names.length === 1)) continue;
    throw new PavilionError(
      "INPUT_UNREADABLE",
      `The file's columns seem to be separated by ${name}, not by commas.`,
      "Save it with commas between the columns, as CSV has them; put a field with a comma in it in double quotes.",
    );
  }
}

function placesOf(columns: readonly string[], header: readonly string[]): number[] {
  const missing = [...new Set(columns)].filter((column) => !header.includes(column));
  if (missing.length > 0) throw withoutColumns(missing, header);
  const twice = columns.filter((column) => header.indexOf(column) !== header.lastIndexOf(column));
  if (twice.length > 0) {
    throw new PavilionError(
      "INPUT_UNREADABLE",
      `The file has more than one column ${twice.join(", ")}.`,
      "Give each column a name of its own in the first line: which one is meant is not guessed.",
    );
  }
  return columns.map((column) => header.indexOf(column));
}

/** A first line without names may hold somebody's data, so of it only what the collaboration says too is quoted. */
function withoutColumns(missing: readonly string[], header: readonly string[]): PavilionError {
  const alike = missing.filter((column) => header.some((name) => folded(name) === folded(column)));
  const spelling =
    alike.length === 0
      ? ""
      : ` ${alike.join(", ")} is there in another spelling: capitals, accents or spaces.`;
  return new PavilionError(
    "INPUT_UNREADABLE",
    `The file has no column ${missing.join(", ")}.${spelling}`,
    "Name the columns in its first line, exactly as the collaboration writes them and with commas between them.",
  );
}

const folded = (name: string): string =>
  name
    .normalize("NFKD")
    .replace(/[\p{M}\s_-]/gu, "")
    .toLowerCase();

const isForeign = (file: string, { what, remedy }: ForeignKind): PavilionError =>
  new PavilionError("INPUT_UNREADABLE", `The file ${file} is ${what}.`, remedy);

/** The causes are left out: the parser's messages quote what they read. */
function asUnreadable(error: unknown, file: string): Error {
  if (error instanceof PavilionError) return error;
  if (error instanceof CsvError) {
    const line = typeof error.lines === "number" ? ` near line ${String(error.lines)}` : "";
    const { why, remedy } = irregular(error.code);
    return new PavilionError(
      "INPUT_UNREADABLE",
      `The file ${file} is not well-formed CSV${line}: ${why}.`,
      remedy,
    );
  }
  if (error instanceof Error && "code" in error) {
    if (error.code === "ERR_ENCODING_INVALID_ENCODED_DATA") return isForeign(file, notUtf8(file));
    return new PavilionError("INPUT_UNREADABLE", ...unopened(file, String(error.code)));
  }
  return error instanceof Error ? error : new Error("reading failed");
}

function unopened(file: string, code: string): [message: string, remedy: string] {
  if (code === "ENOENT" || code === "ENOTDIR") return [`There is no file ${file}.`, "Check its path."];
  if (code === "EISDIR") return [`${file} is a folder.`, "Name the file in it."];
  if (code === "EACCES")
    return [`You are not allowed to read the file ${file}.`, "Have its owner let you read it."];
  return [`The file ${file} cannot be read (${code}).`, "Check the disk, or copy the file to another one."];
}

function irregular(code: string): { readonly why: string; readonly remedy: string } {
  if (code.includes("RECORD_INCONSISTENT")) {
    return {
      why: "the line has more or fewer fields than the first one",
      remedy:
        "Mend that line: put a field with a comma in it in double quotes, and leave out titles and totals.",
    };
  }
  if (code === "CSV_MAX_RECORD_SIZE") {
    return {
      why: "the row is longer than 1 MiB",
      remedy: "Look for a double quote that is opened there and never closed.",
    };
  }
  return {
    why: `there is a double quote where none may be (${code})`,
    remedy: "Close each quoted field, and write a double quote inside a field twice.",
  };
}
