/**
 * What tells that a stack was put back from a backup, and not yet dealt with: restored.json in its folder (mode 0600). What
 * the stack holds is of an earlier time, so at its next start, before any connector runs, its seeds are destroyed.
 */
import { existsSync, readFileSync, renameSync, rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { PavilionError } from "../../errors/errors.ts";

export interface Restored {
  readonly version: 1;
  /** Of this restoring alone: 32 hexadecimal digits. */
  readonly id: string;
  /** The backup's id. */
  readonly backup: string;
  /** What happened from then on is not in the backup; ISO 8601. */
  readonly takenAt: string;
  readonly restoredAt: string;
}

const fileIn = (folder: string): string => join(folder, "restored.json");
const members = "backup,id,restoredAt,takenAt,version";

/** Undefined where nothing was put back, or it is dealt with. Throws CONFIG_INVALID for a file that says something else. */
export function readRestored(folder: string): Restored | undefined {
  const file = fileIn(folder);
  if (!existsSync(file)) return undefined;
  let told: unknown;
  try {
    told = JSON.parse(readFileSync(file, "utf8"));
  } catch (cause) {
    throw new PavilionError("CONFIG_INVALID", `${file} is not JSON.`, remedy, { cause });
  }
  if (isRestored(told)) return told;
  throw new PavilionError("CONFIG_INVALID", `${file} does not say what was restored.`, remedy);
}

const remedy = "Restore the backup again, by the version of this program that is to run it.";

export function writeRestored(folder: string, restored: Restored): void {
  const file = fileIn(folder);
  writeFileSync(`${file}.new`, `${JSON.stringify(restored, undefined, 2)}\n`, { mode: 0o600 });
  renameSync(`${file}.new`, file);
}

/** Once the restoring is dealt with. */
export function removeRestored(folder: string): void {
  rmSync(fileIn(folder), { force: true });
}

/** What is told apart by 128 random bits. */
export const isId = (value: unknown): value is string =>
  typeof value === "string" && /^[0-9a-f]{32}$/.test(value);

/** As `toISOString` writes it. */
export function isMoment(value: unknown): value is string {
  if (typeof value !== "string") return false;
  const time = Date.parse(value);
  return !Number.isNaN(time) && new Date(time).toISOString() === value;
}

function isRestored(value: unknown): value is Restored {
  if (typeof value !== "object" || value === null || Object.keys(value).sort().join() !== members)
    return false;
  const { version, id, backup, takenAt, restoredAt } = value as Record<keyof Restored, unknown>;
  return version === 1 && isId(id) && isId(backup) && isMoment(takenAt) && isMoment(restoredAt);
}
