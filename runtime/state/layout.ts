/**
 * Which layout the files of a state folder have: their names say it, so that a version of this program finds those of its own.
 */
import { existsSync, readdirSync, renameSync, rmSync } from "node:fs";
import { join } from "node:path";
import { DatabaseSync } from "node:sqlite";
import { PavilionError } from "../../errors/errors.ts";

/**
 * Nothing of another layout than this one is read; a file of the one before, in which no entry had a rank, is brought up.
 */
export const layoutVersion = 2;

const nameOf = (place: string): string => place.replaceAll("/", ".");

/** The file of a partition's state, by its changelog's place. */
export const fileOf = (place: string, folder: string): string =>
  join(folder, `${nameOf(place)}.${String(layoutVersion)}.sqlite`);

/**
 * Throws STATE_NEWER where a later version of this program kept states: this one would restore from changelogs that it may read
 * wrongly.
 */
export function requireNoneNewer(folder: string): void {
  const newer = readdirSync(folder).find((name) => layoutIn(name) > layoutVersion);
  if (newer === undefined) return;
  throw new PavilionError(
    "STATE_NEWER",
    `${join(folder, newer)} has layout ${String(layoutIn(newer))}; this version of the program reads up to ${String(layoutVersion)}.`,
  );
}

/** 0 for what is no state's. The number of a partition comes before that of its layout. */
const layoutIn = (name: string): number => Number(/\.\d+\.(\d+)\.sqlite$/.exec(name)?.[1] ?? 0);

/**
 * Gives a file of the layout before the name that files of this one have: an earlier version of this program then finds none, and
 * begins with the changelog. A crash in between leaves one of the two.
 */
export function bringUp(place: string, folder: string): void {
  const earlier = join(folder, `${nameOf(place)}.sqlite`);
  const file = fileOf(place, folder);
  if (!existsSync(earlier)) return;
  try {
    removeDatabase(file);
    const database = new DatabaseSync(earlier);
    // What lies beside the file belongs to it by name: it is taken in first.
    database.exec("pragma journal_mode = delete");
    database.close();
    renameSync(earlier, file);
  } finally {
    removeDatabase(earlier);
  }
}

export function removeDatabase(file: string): void {
  for (const part of ["", "-wal", "-shm"]) rmSync(file + part, { force: true });
}
