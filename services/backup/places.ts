/**
 * Where backups are written and read: folders that are there or not, apart from the stack's, on disks with room.
 */
import { execFile } from "node:child_process";
import { existsSync, realpathSync } from "node:fs";
import { open } from "node:fs/promises";
import { basename, dirname, join, sep } from "node:path";
import { promisify } from "node:util";
import { PavilionError } from "../../errors/errors.ts";
import { freeBytes } from "../../runtime/free-bytes.ts";
import type { Tree } from "./tree.ts";

/** What is written is called so until it is whole; nothing of that name is ever taken for a backup. */
const UNFINISHED = ".partial";
export const unfinished = (folder: string): string => `${folder}${UNFINISHED}`;
export const isUnfinished = (folder: string): boolean => folder.endsWith(UNFINISHED);

const ENTRY_BYTES = 4096;

/** For tests, which say themselves how many bytes are free. */
export type FreeBytes = typeof freeBytes;

/** Throws DISK_FULL where a copy of the files has no room, as far as can be known before. */
export async function requireRoom(folder: string, { files, folders }: Tree, free = freeBytes): Promise<void> {
  const entries = (files.length + folders.length) * ENTRY_BYTES;
  const needed = files.reduce((sum, { allocated }) => sum + allocated, entries);
  const available = await free(folder);
  if (needed <= available) return;
  throw new PavilionError(
    "DISK_FULL",
    `The copy needs ${megabytes(needed)} MB in ${folder}, and there are ${megabytes(available)} MB free.`,
    "Free some space, or name a folder on another disk.",
  );
}

/** With one digit after the point. */
export const megabytes = (bytes: number): string => (bytes / 1e6).toFixed(1);

/** The real path of a folder that may not be there yet. */
export const realPlace = (folder: string): string =>
  existsSync(folder) ? realpathSync(folder) : join(realPlace(dirname(folder)), basename(folder));

/** Throws CONFIG_INVALID where one folder lies in the other. */
export function requireApart(stack: string, backup: string): void {
  const [one, other] = [`${stack}${sep}`, `${backup}${sep}`];
  if (!one.startsWith(other) && !other.startsWith(one)) return;
  throw new PavilionError(
    "CONFIG_INVALID",
    `The backup ${backup} and the stack's folder ${stack} lie in each other.`,
    "Keep backups in a folder of their own, on another disk best.",
  );
}

/** Everything that was written to the folder's file system is on the disk: one call, where a stack has thousands of files. */
export async function flushAll(folder: string): Promise<void> {
  await promisify(execFile)("sync", ["--file-system", folder]);
}

/** A folder's own entries are on the disk: what was renamed in it stays so after a loss of power. */
export async function flushFolder(folder: string): Promise<void> {
  const handle = await open(folder, "r");
  try {
    await handle.sync();
  } finally {
    await handle.close();
  }
}
