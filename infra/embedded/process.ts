/**
 * A part as a child process: its output in a log file, stopped by SIGTERM and then SIGKILL, and never left
 * behind.
 *
 * A part gets a session of its own, so that Ctrl-C reaches the parent alone, which then stops its parts in
 * order. Should the parent end without doing so, the kernel kills the part (setpriv --pdeathsig, on Linux,
 * even after SIGKILL); where there is no setpriv, the parent does it on exit and on SIGINT, SIGTERM and
 * SIGHUP. What a part is told must not hold secrets: its arguments are public on the machine.
 */
import { spawn } from "node:child_process";
import type { ChildProcess } from "node:child_process";
import { closeSync, existsSync, mkdirSync, openSync, readSync, fstatSync } from "node:fs";
import { dirname } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { PavilionError } from "../../errors/errors.ts";

export interface PartProcess {
  readonly name: string;
  readonly pid: number;
  readonly logFile: string;
  /** Where in the log file its own lines begin: earlier ones of the name have written there before. */
  readonly logStart: number;
  /** Resolves when the process is gone, with how it ended. */
  readonly exited: Promise<string>;
  /** True until the process is gone. */
  readonly running: () => boolean;
  /**
   * Asks it to end, kills it after `graceMs` (10 s by default; 0 kills at once), resolves when it is gone.
   */
  readonly stop: (graceMs?: number) => Promise<void>;
}

export interface PartCommand {
  readonly name: string;
  readonly command: string;
  readonly args: readonly string[];
  readonly logFile: string;
  /** The working directory; it must exist. */
  readonly cwd: string;
  /** Added to the parent's environment. */
  readonly environment?: Readonly<Record<string, string>>;
}

/**
 * Every part runs in one locale, whatever the machine's is: a JVM opens no file with an umlaut in its path in the locale C,
 * and changes the case of letters by Turkish rules in a Turkish one.
 */
const locale = { LC_ALL: "C.UTF-8" } as const;
const setprivPath = "/usr/bin/setpriv";
const living = new Set<ChildProcess>();
let guarded = false;

/** Kills every part that this process started, at once. */
export function killParts(): void {
  for (const child of living) child.kill("SIGKILL");
}

function guardParent(): void {
  if (guarded) return;
  guarded = true;
  process.on("exit", killParts);
  if (existsSync(setprivPath)) return; // the kernel sees to it, and the parent's own signal handling stays untouched
  for (const signal of ["SIGINT", "SIGTERM", "SIGHUP"] as const) {
    process.once(signal, () => {
      if (process.listenerCount(signal) > 0) return; // someone else handles it, and ends in "exit"
      killParts();
      process.kill(process.pid, signal);
    });
  }
}

/** The last lines of a log, at most 4 KiB of it. */
function logTail(logFile: string, lines = 12): string {
  if (!existsSync(logFile)) return "(no log)";
  const file = openSync(logFile, "r");
  try {
    const { size } = fstatSync(file);
    const tail = Buffer.alloc(Math.min(size, 4096));
    readSync(file, tail, 0, tail.length, size - tail.length);
    return tail.toString("utf8").trimEnd().split("\n").slice(-lines).join("\n");
  } finally {
    closeSync(file);
  }
}

/** PART_START_FAILED, with the end of the part's log. */
export function startFailure(name: string, why: string, logFile: string): PavilionError {
  return new PavilionError(
    "PART_START_FAILED",
    `${name} did not start: ${why}. Its log ends:\n${logTail(logFile)}`,
    `See ${logFile}.`,
  );
}

/** Starts a part. PART_MISSING when its program is not installed. */
export async function startProcess(part: PartCommand): Promise<PartProcess> {
  guardParent();
  mkdirSync(dirname(part.logFile), { recursive: true });
  const log = openSync(part.logFile, "a", 0o600);
  const logStart = fstatSync(log).size;
  const watched = existsSync(setprivPath);
  const [command, args] = watched
    ? [setprivPath, ["--pdeathsig", "KILL", "--", part.command, ...part.args]]
    : [part.command, part.args];
  const child = spawn(command, args, {
    cwd: part.cwd,
    detached: true,
    stdio: ["ignore", log, log],
    env: { ...process.env, ...locale, ...part.environment },
  });
  closeSync(log);
  living.add(child);
  const exited = new Promise<string>((resolve) => {
    child.once("exit", (code, signal) => {
      living.delete(child);
      resolve(signal === null ? `exit code ${String(code)}` : `signal ${signal}`);
    });
  });
  const pid = await spawned(child, part);
  return { name: part.name, pid, logFile: part.logFile, logStart, exited, ...lifeOf(child, exited) };
}

function spawned(child: ChildProcess, part: PartCommand): Promise<number> {
  return new Promise((resolve, reject) => {
    child.once("error", (cause) => {
      living.delete(child);
      reject(
        new PavilionError("PART_MISSING", `${part.name}: ${part.command} cannot be run.`, undefined, {
          cause,
        }),
      );
    });
    child.once("spawn", () => {
      if (child.pid !== undefined) resolve(child.pid);
    });
  });
}

function lifeOf(child: ChildProcess, exited: Promise<string>): Pick<PartProcess, "running" | "stop"> {
  const running = (): boolean => living.has(child);
  const stop = async (graceMs = 10_000): Promise<void> => {
    if (!running()) return;
    if (graceMs > 0) {
      child.kill("SIGTERM");
      const grace = new AbortController();
      const patience = sleep(graceMs, undefined, { signal: grace.signal }).catch(() => undefined);
      await Promise.race([exited, patience]);
      grace.abort();
    }
    if (running()) child.kill("SIGKILL");
    await exited;
  };
  return { running, stop };
}

/**
 * Waits until `ready` answers true, asking again after each refusal. PART_START_FAILED, the part stopped,
 * when it exits first or `limitMs` pass.
 */
export async function untilReady(
  part: PartProcess,
  ready: () => Promise<boolean>,
  limitMs: number,
): Promise<void> {
  const deadline = performance.now() + limitMs;
  while (performance.now() < deadline) {
    if (!part.running()) throw startFailure(part.name, `it ended with ${await part.exited}`, part.logFile);
    if (await ready()) return;
    await sleep(50);
  }
  await part.stop(0);
  throw startFailure(part.name, `no answer after ${String(limitMs / 1000)} s`, part.logFile);
}
