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
import { PavilionError } from "../../runtime/errors.ts";

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
  pipeline(Readable.from(decodeUtf8(file)), parser).catch(() => undefined);
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
  if (row === 0) throw new PavilionError("INPUT_UNREADABLE", `File ${file} has no rows.`);
}

/** The text of a file that is UTF-8 throughout; a byte sequence that is not would otherwise become another identifier. */
async function* decodeUtf8(file: string): AsyncGenerator<string> {
  const decoder = new TextDecoder("utf-8", { fatal: true });
  for await (const chunk of createReadStream(file) as AsyncIterable<Buffer>) {
    yield decoder.decode(chunk, { stream: true });
  }
  yield decoder.decode();
}

function placesOf(columns: readonly string[], header: readonly string[]): number[] {
  const missing = [...new Set(columns)].filter((column) => !header.includes(column));
  if (missing.length > 0) {
    throw new PavilionError(
      "INPUT_UNREADABLE",
      `The file has no column ${missing.join(", ")}.`,
      "Its first line names its columns, exactly as the collaboration writes them and with commas between them.",
    );
  }
  const twice = columns.filter((column) => header.indexOf(column) !== header.lastIndexOf(column));
  if (twice.length > 0) {
    throw new PavilionError("INPUT_UNREADABLE", `The file has more than one column ${twice.join(", ")}.`);
  }
  return columns.map((column) => header.indexOf(column));
}

/** The causes are left out: the parser's messages quote what they read. */
function asUnreadable(error: unknown, file: string): Error {
  if (error instanceof PavilionError) return error;
  if (error instanceof CsvError) {
    const line = typeof error.lines === "number" ? ` near line ${String(error.lines)}` : "";
    return new PavilionError("INPUT_UNREADABLE", `File ${file} is no regular CSV${line} (${error.code}).`);
  }
  if (error instanceof Error && "code" in error) {
    const notUtf8 = error.code === "ERR_ENCODING_INVALID_ENCODED_DATA";
    const reason = notUtf8 ? "is not UTF-8" : `cannot be read (${String(error.code)})`;
    return new PavilionError("INPUT_UNREADABLE", `File ${file} ${reason}.`);
  }
  return error instanceof Error ? error : new Error("reading failed");
}
