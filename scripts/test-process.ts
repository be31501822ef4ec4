/**
 * Runs one test file in a process group of its own and collects what its reporter wrote. A file fails as a whole, on
 * top of its failed tests, when its process crashes, outlives its time, ends before its tests do, or reports none.
 * Whatever the file started and left in its process group is stopped with it.
 */
import { spawn } from "node:child_process";
import type { ChildProcess } from "node:child_process";
import { mkdtemp, open, readFile, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join, relative } from "node:path";
import type { Line } from "./test-reporter.ts";

const outputKept_bytes = 64 * 1024;
const killDelay_ms = 5_000;
/** How long a process that has left the group may hold the output open once the file has ended. */
const drain_ms = 1_000;
const oneLine_chars = 2_000;

export interface TestFile {
  readonly root: string;
  /** Relative to the root. */
  readonly path: string;
  readonly timeout_ms: number;
}

export interface Failure {
  readonly name: string;
  /** `file:line`, or empty when a file failed as a whole. */
  readonly at: string;
  /** Error and stack; of a crashed file, the end of its output. */
  readonly error: string;
}

export interface FileOutcome {
  readonly path: string;
  readonly passed: number;
  readonly skipped: number;
  readonly failures: readonly Failure[];
  readonly elapsed_ms: number;
}

interface Ending {
  readonly code: number | null;
  readonly signal: string | null;
  readonly timedOut: boolean;
  readonly output: string;
}

const running = new Set<ChildProcess>();

export async function runTestFile(file: TestFile): Promise<FileOutcome> {
  const start = performance.now();
  const folder = await mkdtemp(join(tmpdir(), "pavilion-test-"));
  try {
    const results = join(folder, "results");
    const ending = await execute(file, results);
    const lines = parse(await readFile(results, "utf8"));
    const failures = lines.filter((line) => line.kind === "failed").map((line) => placed(line, file.root));
    const whole = wholeFailure(file, ending, lines);
    return {
      path: file.path,
      passed: lines.filter((line) => line.kind === "passed").length,
      skipped: lines.filter((line) => line.kind === "skipped").length,
      failures: whole === undefined ? failures : [...failures, whole],
      elapsed_ms: performance.now() - start,
    };
  } finally {
    await rm(folder, { recursive: true, force: true });
  }
}

/** Stops every test file that is still running; for when the runner itself is told to end. */
export function stopTestFiles(): void {
  for (const child of running) signalGroup(child, "SIGKILL");
}

/** An error's first line, cut to what a terminal bears. */
export function oneLine(text: string): string {
  const flat = text.replace(/\n\s+at [^]*$/, "").replace(/\s+/g, " ");
  return flat.length <= oneLine_chars ? flat : `${flat.slice(0, oneLine_chars)}…`;
}

async function execute(file: TestFile, results: string): Promise<Ending> {
  const descriptor = await open(results, "a");
  const args = [
    "--disable-warning=ExperimentalWarning",
    `--test-reporter=${join(import.meta.dirname, "test-reporter.ts")}`,
    "--test-reporter-destination=stdout",
    join(file.root, file.path),
  ];
  const child = spawn(process.execPath, args, {
    cwd: file.root,
    env: environment(),
    detached: true,
    stdio: ["ignore", "pipe", "pipe", descriptor.fd],
  });
  running.add(child);
  try {
    return await ended(child, file.timeout_ms);
  } finally {
    running.delete(child);
    await descriptor.close();
  }
}

/** NODE_TEST_CONTEXT would make node:test report to a runner that is not there. */
function environment(): NodeJS.ProcessEnv {
  const { NODE_TEST_CONTEXT: _context, ...rest } = process.env;
  return rest;
}

function ended(child: ChildProcess, timeout_ms: number): Promise<Ending> {
  return new Promise((resolve, reject) => {
    let output = "";
    let timedOut = false;
    let killer: NodeJS.Timeout | undefined;
    const keep = (chunk: Buffer): void => {
      output = (output + chunk.toString()).slice(-outputKept_bytes);
    };
    child.stdout?.on("data", keep);
    child.stderr?.on("data", keep);
    const timer = setTimeout(() => {
      timedOut = true;
      signalGroup(child, "SIGTERM");
      killer = setTimeout(() => {
        signalGroup(child, "SIGKILL");
      }, killDelay_ms);
    }, timeout_ms);
    child.once("error", reject);
    child.once("exit", (code, signal) => {
      clearTimeout(timer);
      clearTimeout(killer);
      signalGroup(child, "SIGKILL");
      const drained = setTimeout(() => {
        child.stdout?.destroy();
        child.stderr?.destroy();
      }, drain_ms);
      child.once("close", () => {
        clearTimeout(drained);
        resolve({ code, signal, timedOut, output });
      });
    });
  });
}

function signalGroup(child: ChildProcess, signal: NodeJS.Signals): void {
  if (child.pid === undefined) return;
  try {
    process.kill(-child.pid, signal);
  } catch (error) {
    if (!(error instanceof Error && "code" in error && error.code === "ESRCH")) throw error;
  }
}

/** A line that the dying process did not finish is no result. */
function parse(text: string): Line[] {
  return text
    .split("\n")
    .slice(0, -1)
    .map((line) => JSON.parse(line) as Line);
}

function placed(failure: Failure, root: string): Failure {
  return { name: failure.name, at: relative(root, failure.at), error: failure.error };
}

function wholeFailure(file: TestFile, ending: Ending, lines: readonly Line[]): Failure | undefined {
  const reason = reasonOf(file, ending, lines);
  return reason === undefined ? undefined : { name: file.path, at: "", error: `${reason}\n${ending.output}` };
}

function reasonOf(file: TestFile, ending: Ending, lines: readonly Line[]): string | undefined {
  const atEnd = lines.some((line) => line.kind === "end");
  const hasFailed = lines.some((line) => line.kind === "failed");
  if (ending.timedOut) return `did not end within ${String(file.timeout_ms / 1000)} s`;
  if (ending.signal !== null) return `crashed: ${ending.signal}`;
  if (lines.length === 0 && ending.code === 0) return "ran no test";
  if (!atEnd) return `crashed or ended before its tests did: exit code ${String(ending.code)}`;
  if (lines.length === 1) return "has no test";
  if (ending.code !== 0 && !hasFailed) return `exit code ${String(ending.code)} although no test failed`;
  return undefined;
}
