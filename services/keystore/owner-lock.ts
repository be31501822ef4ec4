/**
 * One owner at a time of what lies in a folder. The lock is the kernel's: an exclusive lock of SQLite on an empty file (a
 * POSIX record lock), which ends with the process that holds it, however that ends. So nothing is left to be removed
 * after a crash, no process id is trusted, and containers that share the folder on one machine keep each other out. On a
 * network file system it holds as far as that system's POSIX locks do; between copies of the folder it does not hold.
 *
 * Who holds it stands beside it in words, for people: nothing is decided by them.
 */
import { mkdirSync, readFileSync, writeFileSync } from "node:fs";
import { hostname } from "node:os";
import { dirname } from "node:path";
import { DatabaseSync } from "node:sqlite";
import { setTimeout as sleep } from "node:timers/promises";
import { PavilionError } from "../../errors/errors.ts";

/** Who holds a lock, as it says itself. */
interface Holder {
  readonly pid: number;
  readonly host: string;
  readonly command: string;
  readonly since: string;
}

export interface Patience {
  /** Waits for the other owner to leave; without it the lock is refused at once. */
  readonly wait: boolean;
  /** Told when waiting begins, in words. */
  readonly onWait?: (holder: string) => void;
}

const pollMs = 200;
const SQLITE_BUSY = 5;

/**
 * Takes the lock that lies in `file`; `what` names what is owned, for the message. Throws AGENT_BUSY where another
 * process holds it and is not waited for.
 */
export async function takeOwnership(file: string, what: string, patience: Patience): Promise<Disposable> {
  mkdirSync(dirname(file), { recursive: true, mode: 0o700 });
  for (let told = false; ; told = true) {
    const owned = tryToOwn(file);
    if (owned !== undefined) return owned;
    const holder = holderOf(file);
    if (!patience.wait) {
      throw new PavilionError("AGENT_BUSY", `Another process works on ${what}: ${holder}.`);
    }
    if (!told) patience.onWait?.(holder);
    await sleep(pollMs);
  }
}

function tryToOwn(file: string): Disposable | undefined {
  const lock = new DatabaseSync(file, { timeout: 0 });
  try {
    // No journal: a file of its own that a crash would leave.
    lock.exec("PRAGMA journal_mode = MEMORY; BEGIN EXCLUSIVE");
  } catch (error) {
    lock.close();
    if (isBusy(error)) return undefined;
    throw error;
  }
  const holder: Holder = {
    pid: process.pid,
    host: hostname(),
    command: process.argv.slice(2).join(" "),
    since: new Date().toISOString(),
  };
  writeFileSync(holderFile(file), JSON.stringify(holder), { mode: 0o600 });
  return {
    [Symbol.dispose]: () => {
      if (lock.isOpen) lock.close();
    },
  };
}

const isBusy = (error: unknown): boolean =>
  error instanceof Error && "errcode" in error && error.errcode === SQLITE_BUSY;

const holderFile = (file: string): string => `${file}.holder`;

/** The holder in words. It may have left just now, or not have written yet. */
function holderOf(file: string): string {
  try {
    const { pid, host, command, since } = JSON.parse(readFileSync(holderFile(file), "utf8")) as Holder;
    return `process ${String(pid)} on ${host}, since ${since} (${command})`;
  } catch {
    return "it has not said yet which";
  }
}
