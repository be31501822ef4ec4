/**
 * Files that commands write for people.
 */
import { mkdirSync, renameSync, rmSync, writeFileSync } from "node:fs";
import { dirname, resolve } from "node:path";
import { PavilionError } from "../errors/errors.ts";

/** Writes a document whole or not at all. Throws CONFIG_INVALID where it cannot. */
export function writeJson(file: string, document: object): void {
  const place = resolve(file);
  const fresh = `${place}.${String(process.pid)}.new`;
  try {
    mkdirSync(dirname(place), { recursive: true });
    writeFileSync(fresh, `${JSON.stringify(document, undefined, 2)}\n`);
    renameSync(fresh, place);
  } catch (cause) {
    rmSync(fresh, { force: true });
    throw new PavilionError(
      "CONFIG_INVALID",
      `${place} cannot be written.`,
      "Check the folder's rights and the space on its disk.",
      { cause },
    );
  }
}
