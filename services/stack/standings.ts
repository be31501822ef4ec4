/**
 * How a stack's processes stand, as its supervisor tells whoever asks: supervision.json in the stack's folder, written anew
 * with each change. It is there while the supervisor runs; what a killed one left means nothing.
 */
import { existsSync, readFileSync, renameSync, rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import type { NamedStanding } from "./stack.ts";

const fileIn = (dir: string): string => join(dir, "supervision.json");

export function writeStandings(dir: string, standings: readonly NamedStanding[]): void {
  const file = fileIn(dir);
  writeFileSync(`${file}.new`, `${JSON.stringify(standings, undefined, 2)}\n`, { mode: 0o600 });
  renameSync(`${file}.new`, file);
}

/** Empty where no supervisor has told yet. */
export function readStandings(dir: string): readonly NamedStanding[] {
  const file = fileIn(dir);
  return existsSync(file) ? (JSON.parse(readFileSync(file, "utf8")) as readonly NamedStanding[]) : [];
}

export function removeStandings(dir: string): void {
  rmSync(fileIn(dir), { force: true });
}
