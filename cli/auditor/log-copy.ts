/**
 * An auditor's own copy of a log, a leaf a line: what a region that was put back from a backup lacks can be brought to it from there.
 */
import { closeSync, fsyncSync, openSync, renameSync, rmSync, writeSync } from "node:fs";
import { resolve } from "node:path";
import { PavilionError } from "../../errors/errors.ts";
import type { LogAudit } from "../../verifier/audit.ts";

type LeafTaker = Pick<LogAudit, "take" | "takeUnreadable" | "isWhole">;

/** Copies leaves into a file on their way to the audit, all or none. Throws CONFIG_INVALID where it cannot be written. */
export async function copying(
  file: string,
  audit: LeafTaker,
  read: (taker: LeafTaker) => Promise<void>,
): Promise<void> {
  const place = resolve(file);
  const fresh = `${place}.${String(process.pid)}.new`;
  const copy = written(place, () => openSync(fresh, "w"));
  try {
    await read({
      take(leaf) {
        audit.take(leaf);
        written(place, () => writeSync(copy, `${JSON.stringify(leaf)}\n`));
      },
      takeUnreadable() {
        audit.takeUnreadable();
      },
      get isWhole() {
        return audit.isWhole;
      },
    });
    written(place, () => {
      fsyncSync(copy);
      renameSync(fresh, place);
    });
  } finally {
    closeSync(copy);
    rmSync(fresh, { force: true });
  }
}

function written<T>(place: string, write: () => T): T {
  try {
    return write();
  } catch (cause) {
    throw new PavilionError(
      "CONFIG_INVALID",
      `${place} cannot be written.`,
      "Check the folder's rights and the space on its disk.",
      { cause },
    );
  }
}
