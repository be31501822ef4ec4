/**
 * What a file is that was handed over for text in UTF-8, told by its first bytes, and what to do with it. A mark at the
 * beginning decides; where there is none, a text in an older encoding cannot be told from another, so that is a hint alone.
 */
import { shell } from "./shell.ts";

export interface ForeignKind {
  /** As in `FILE is …`. */
  readonly what: string;
  readonly remedy: string;
}

/** How many first bytes are enough. */
export const HEAD_LENGTH = 64;

interface Mark {
  /** Of the first bytes, a character each. */
  readonly begins: RegExp;
  readonly what: string;
  readonly remedy: (file: string) => string;
}

const exported = (): string => "Save the table as CSV in UTF-8 from the program that made the file.";
const unpacked =
  (command: (file: string) => string) =>
  (file: string): string =>
    `Unpack it first: ${command(file)}`;
const converted = (file: string, encoding: string): string =>
  `Save it as UTF-8 (spreadsheets call it "CSV UTF-8"), or convert it: ${shell`iconv -f ${encoding} -t UTF-8 ${file} > ${`utf-8-${file.replace(/^.*\//s, "")}`}`}`;

/**
 * In the order in which they are looked for: UTF-32's mark begins with UTF-16's. What could also be the name of a column is
 * looked at further.
 */
const marks: readonly Mark[] = [
  encoded(/^(\0\0\xfe\xff|\xff\xfe\0\0)/, "UTF-32"),
  encoded(/^(\xfe\xff|\xff\xfe)/, "UTF-16"),
  { begins: /^PK\x03\x04/, what: "an Excel workbook or another zip file", remedy: exported },
  { begins: /^\xd0\xcf\x11\xe0/, what: "an old Excel workbook or another Office file", remedy: exported },
  { begins: /^PAR[1E][\0-\x08\x0e-\x1f]/, what: "a Parquet file", remedy: exported },
  { begins: /^Obj\x01/, what: "an Avro file", remedy: exported },
  { begins: /^ARROW1\0/, what: "an Arrow file", remedy: exported },
  { begins: /^SQLite format 3\0/, what: "an SQLite database", remedy: exported },
  { begins: /^%PDF-/, what: "a PDF", remedy: exported },
  { begins: /^\x1f\x8b/, what: "compressed by gzip", remedy: unpacked((file) => shell`gzip -dk ${file}`) },
  {
    begins: /^\x28\xb5\x2f\xfd/,
    what: "compressed by zstd",
    remedy: unpacked((file) => shell`zstd -d ${file}`),
  },
  {
    begins: /^BZh[1-9]1AY&SY/,
    what: "compressed by bzip2",
    remedy: unpacked((file) => shell`bzip2 -dk ${file}`),
  },
  { begins: /^\xfd7zXZ\0/, what: "compressed by xz", remedy: unpacked((file) => shell`xz -dk ${file}`) },
  { begins: /^7z\xbc\xaf\x27\x1c/, what: "a 7-Zip file", remedy: unpacked((file) => shell`7z x ${file}`) },
  // Text of the Latin script without a mark: every other byte is zero.
  encoded(/^[^\0]\0[^\0]\0/, "UTF-16LE"),
  encoded(/^\0[^\0]\0[^\0]/, "UTF-16BE"),
];

function encoded(begins: RegExp, encoding: string): Mark {
  return { begins, what: `text in ${encoding}`, remedy: (file) => converted(file, encoding) };
}

/** Undefined where nothing speaks against UTF-8. `file` is how the person named it. */
export function foreignKind(head: Uint8Array, file: string): ForeignKind | undefined {
  const bytes = Buffer.from(head.subarray(0, HEAD_LENGTH)).toString("latin1");
  const mark = marks.find(({ begins }) => begins.test(bytes));
  return mark === undefined ? undefined : { what: mark.what, remedy: mark.remedy(file) };
}

/** For text that turned out not to be UTF-8: which encoding it has nobody can tell for sure. */
export const notUtf8 = (file: string): ForeignKind => ({
  what: "not text in UTF-8; it may be in Windows-1252, which spreadsheets write",
  remedy: converted(file, "WINDOWS-1252"),
});
