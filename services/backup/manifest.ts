/**
 * What a backup says of itself: backup.json, with every file's length and digest, and beside it backup.sha256 with the digest
 * of backup.json, as `sha256sum -c` reads it.
 *
 * Promises: a manifest that was changed in any byte, that names a place outside of the backup, or that is larger than any
 * stack's, is refused before a file that it names is looked at. Does not: tell who wrote it. Whoever can write the folder
 * can write all of it anew.
 */
import { createHash } from "node:crypto";
import { lstatSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { PavilionError } from "../../errors/errors.ts";
import { isId, isMoment } from "../stack/restored.ts";

/** Grows when an earlier version of the program could not put the backup back. */
const FORMAT = 1;
/** Files and folders of a backup; a stack has some thousands. */
export const ENTRIES_MAX = 200_000;
const MANIFEST_BYTES_MAX = 64 * 1024 * 1024;
const PATH_BYTES_MAX = 1024;
const APART_MAX = 16;

export const manifestName = "backup.json";
export const digestName = "backup.sha256";
/** The folder of a backup in which the stack's files lie. */
export const filesName = "stack";

interface SavedFolder {
  /** Relative to the stack's folder, by slashes. */
  readonly path: string;
  readonly mode: number;
}

export interface SavedFile extends SavedFolder {
  readonly size: number;
  /** SHA-256, hexadecimal. */
  readonly sha256: string;
}

/** What the stack needs and a backup cannot hold. */
export interface Apart {
  readonly part: "kafka" | "registry" | "chain" | "state" | "hsm";
  /** Its address, where it has one. */
  readonly where: string | null;
}

export interface Manifest {
  readonly type: "pavilion/backup";
  readonly format: typeof FORMAT;
  /** The version of the program that took it. */
  readonly program: string;
  /** 128 random bits, hexadecimal. */
  readonly id: string;
  /** When it was begun, ISO 8601: the stack was down from then on. */
  readonly begun: string;
  readonly ended: string;
  readonly regions: readonly string[];
  readonly apart: readonly Apart[];
  /** Both sorted by their paths. */
  readonly folders: readonly SavedFolder[];
  readonly files: readonly SavedFile[];
}

export const manifestOf = (rest: Omit<Manifest, "type" | "format">): Manifest => ({
  ...{ type: "pavilion/backup", format: FORMAT },
  ...rest,
});

/** The manifest's two files by their names. */
export function manifestTexts(manifest: Manifest): ReadonlyMap<string, string> {
  const text = `${JSON.stringify(manifest, undefined, 2)}\n`;
  return new Map([
    [manifestName, text],
    [digestName, digestText(Buffer.from(text))],
  ]);
}

const digestText = (manifest: Buffer): string =>
  `${createHash("sha256").update(manifest).digest("hex")}  ${manifestName}\n`;

/**
 * The manifest of the backup in a folder. Throws BACKUP_UNSOUND; BACKUP_NEWER for one that a later version than `program`
 * took: its patch number does not count, since patches change no format.
 */
export function readManifest(folder: string, program: string): Manifest {
  const bytes = readPlain(folder, manifestName, MANIFEST_BYTES_MAX);
  let told: unknown;
  try {
    told = JSON.parse(bytes.toString("utf8"));
  } catch (cause) {
    throw unsound(`${join(folder, manifestName)} is not JSON.`, cause);
  }
  if (!isRecord(told) || told.type !== "pavilion/backup" || !isCount(told.format))
    throw unsound(`${join(folder, manifestName)} is no backup's.`);
  if (told.format > FORMAT) {
    const by = versionOf(told.program) === undefined ? "a later version" : String(told.program);
    throw newer(`The backup in ${folder} is of format ${String(told.format)}, by ${by}.`);
  }
  if (readPlain(folder, digestName, 1024).toString("utf8") !== digestText(bytes))
    throw unsound(`${join(folder, manifestName)} is not as it was written: ${digestName} says otherwise.`);
  const fault = faultOf(told);
  if (fault !== undefined) throw unsound(`${join(folder, manifestName)} ${fault}.`);
  const manifest = told as unknown as Manifest;
  if (isLater(manifest.program, program))
    throw newer(`The backup in ${folder} is by version ${manifest.program}; this is ${program}.`);
  return manifest;
}

export const unsound = (message: string, cause?: unknown): PavilionError =>
  new PavilionError("BACKUP_UNSOUND", message, undefined, { cause });

const newer = (message: string): PavilionError => new PavilionError("BACKUP_NEWER", message);

/** A file that is one, and no longer than it may be. */
function readPlain(folder: string, name: string, bytesMax: number): Buffer {
  const file = join(folder, name);
  const found = lstatSync(file, { throwIfNoEntry: false });
  if (found === undefined) throw unsound(`There is no whole backup in ${folder}: ${name} is missing.`);
  if (!found.isFile() || found.size > bytesMax) throw unsound(`${file} is not what a backup has there.`);
  return readFileSync(file);
}

const isRecord = (value: unknown): value is Readonly<Record<string, unknown>> =>
  typeof value === "object" && value !== null && !Array.isArray(value);

const isCount = (value: unknown): value is number => Number.isSafeInteger(value) && (value as number) >= 0;

const hasOnly = (value: unknown, members: string): value is Readonly<Record<string, unknown>> =>
  isRecord(value) && Object.keys(value).sort().join() === members;

/** What is wrong with a manifest, as the end of a sentence. */
function faultOf(told: Readonly<Record<string, unknown>>): string | undefined {
  if (!hasOnly(told, "apart,begun,ended,files,folders,format,id,program,regions,type"))
    return "does not have the members that it should have";
  const { format, program, id, begun, ended, regions, apart, folders, files } = told;
  if (format !== FORMAT) return "is of a format that never was";
  if (versionOf(program) === undefined || !isId(id) || !isMoment(begun) || !isMoment(ended))
    return "does not say by which version, or when, it was written";
  if (!Array.isArray(regions) || regions.length > 1024 || !regions.every(isShortText))
    return "does not say which regions it is of";
  if (!Array.isArray(apart) || apart.length > APART_MAX || !apart.every(isApart))
    return "does not say what is not in it";
  if (!Array.isArray(folders) || !Array.isArray(files)) return "names no files";
  if (folders.length + files.length > ENTRIES_MAX) return "names more files than a stack has";
  if (!areSaved(folders, isSavedFolder) || !areSaved(files, isSavedFile))
    return "names a file that no backup can hold, or not in their order";
  return undefined;
}

const isShortText = (value: unknown): value is string => typeof value === "string" && value.length <= 1024;

const parts: readonly unknown[] = ["kafka", "registry", "chain", "state", "hsm"] satisfies Apart["part"][];
const isApart = (value: unknown): boolean =>
  hasOnly(value, "part,where") &&
  parts.includes(value.part) &&
  (value.where === null || isShortText(value.where));

/** Strictly sorted, so that no path stands there twice. */
function areSaved(
  entries: readonly unknown[],
  isSaved: (value: unknown) => value is SavedFolder,
): entries is readonly SavedFolder[] {
  return entries.every((entry, index) => {
    if (!isSaved(entry)) return false;
    const before = entries[index - 1] as SavedFolder | undefined;
    return before === undefined || before.path < entry.path;
  });
}

const isSavedFolder = (value: unknown): value is SavedFolder =>
  hasOnly(value, "mode,path") && hasPathAndMode(value);

const isSavedFile = (value: unknown): value is SavedFile =>
  hasOnly(value, "mode,path,sha256,size") &&
  hasPathAndMode(value) &&
  isCount(value.size) &&
  typeof value.sha256 === "string" &&
  /^[0-9a-f]{64}$/.test(value.sha256);

const hasPathAndMode = ({ path, mode }: Readonly<Record<string, unknown>>): boolean =>
  isInnerPath(path) && isCount(mode) && mode <= 0o777;

/** Whether it leads to a place below a folder, whatever stands there, and reads back as it is written. */
export function isInnerPath(path: unknown): path is string {
  if (typeof path !== "string" || Buffer.byteLength(path) > PATH_BYTES_MAX) return false;
  // Names that are not UTF-8 are read with U+FFFD in them, and not found by that.
  if (/[\0\uFFFD]/.test(path) || !path.isWellFormed()) return false;
  return path.split("/").every((name) => name !== "" && name !== "." && name !== "..");
}

/** Major and minor number; undefined for what is no version. */
function versionOf(text: unknown): readonly [number, number] | undefined {
  const [, major, minor] =
    typeof text === "string" ? (/^(\d{1,6})\.(\d{1,6})\.\d{1,6}$/.exec(text) ?? []) : [];
  return major === undefined || minor === undefined ? undefined : [Number(major), Number(minor)];
}

function isLater(one: string, other: string): boolean {
  const [[major, minor], [ownMajor, ownMinor]] = [versionOf(one) ?? [0, 0], versionOf(other) ?? [0, 0]];
  return major > ownMajor || (major === ownMajor && minor > ownMinor);
}
