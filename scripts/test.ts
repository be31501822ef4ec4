/**
 * The test runner: unit tests beside the code, two files at a time, then `test/`, whose files start real parts, one
 * at a time. With `--faults` alone the long forms of the fault tests, which nothing else runs: random faults for
 * `--minutes` (30) each, which `--seed` repeats. A line for each finished file and each failed test; the last line is
 * `N passed, N failed`, with `, N skipped` when there are any. With `--json` all this goes to standard error, and standard
 * output is one line, `{"passed":N,"failed":N,"skipped":N}`. The exit code is 1 when something failed or nothing ran.
 */
import { randomInt } from "node:crypto";
import { existsSync, globSync, mkdtempSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { misuse } from "../errors/misuse.ts";
import { repositoryRoot } from "./generated.ts";
import { oneLine, runTestFile, stopTestFiles } from "./test-process.ts";
import type { FileOutcome } from "./test-process.ts";

const progressInterval_ms = 15_000;

interface Suite {
  readonly name: "unit" | "integration" | "faults";
  readonly folders: readonly string[];
  /** A folder among them that is another suite's. */
  readonly without?: string;
  /** Files at a time. */
  readonly concurrency: number;
  /** For each file. */
  readonly timeout_ms: number;
}

const longFaults = "test/faults/long";

/** What runs unless suites are named. */
const suites: readonly Suite[] = [
  {
    name: "unit",
    folders: [
      "bench",
      "simulation",
      "circuits",
      "cli",
      "crypto",
      "domain",
      "errors",
      "runtime",
      "stages",
      "pipelines",
      "services",
      "verifier",
      "scripts",
      "schemas",
      "infra",
    ],
    concurrency: 2,
    timeout_ms: 600_000,
  },
  { name: "integration", folders: ["test"], without: longFaults, concurrency: 1, timeout_ms: 1_200_000 },
];

/** With half an hour on top, a timer can wait no longer. */
const minutesMax = 35_000;
const minutesDefault = 30;

/** Starting, working off what the faults left, and counting take their time on top. */
const faultsSuite = (minutes: number): Suite => ({
  name: "faults",
  folders: [longFaults],
  concurrency: 1,
  timeout_ms: minutes * 60_000 + 1_800_000,
});

interface Surroundings {
  readonly root: string;
  readonly print: (line: string) => void;
}

interface Selection {
  readonly suites: readonly Suite[];
  /** A file runs when its path contains one of these, or there are none. */
  readonly filters: readonly string[];
  readonly verbose: boolean;
  readonly json: boolean;
  /** For the long fault tests. */
  readonly minutes: number;
  readonly seed: number;
}

/** How the long fault tests are told, and where they say how it goes: its last line is shown with the progress. */
const told = {
  minutes: "PAVILION_FAULTS_MINUTES",
  seed: "PAVILION_FAULTS_SEED",
  progress: "PAVILION_FAULTS_PROGRESS",
} as const;

/** What `./pavilion test` is given. */
interface Given {
  readonly unit?: boolean;
  readonly integration?: boolean;
  readonly faults?: boolean;
  readonly minutes?: string | undefined;
  readonly seed?: string | undefined;
  readonly verbose?: boolean;
  readonly json?: boolean;
}

/** Runs the tests that are selected, of files whose path contains one of `parts`; resolves to the exit code. */
export async function test(
  parts: readonly string[],
  given: Given,
  surroundings: Partial<Surroundings> = {},
): Promise<number> {
  const { root = repositoryRoot, print: output = console.log } = surroundings;
  const selection = select(parts, given);
  const print = selection.json ? console.error : output;
  // Everything temporary of every test lies in one folder, so that it goes whatever ends the run.
  const temporary = mkdtempSync(join(tmpdir(), "pavilion-tests-"));
  const outside = process.env.TMPDIR;
  process.env.TMPDIR = temporary;
  const remove = (): void => {
    rmSync(temporary, { recursive: true, force: true, maxRetries: 5, retryDelay: 100 });
  };
  const releaseSignals = stopOnSignals(remove);
  const outcomes: FileOutcome[] = [];
  try {
    if (selection.suites.some(({ name }) => name === "faults")) tell(selection, temporary, print);
    for (const suite of selection.suites) {
      outcomes.push(...(await runSuite(suite, selection, { root, print })));
    }
  } finally {
    releaseSignals();
    if (outside === undefined) delete process.env.TMPDIR;
    else process.env.TMPDIR = outside;
    for (const name of Object.values(told)) Reflect.deleteProperty(process.env, name);
    remove();
  }
  if (outcomes.length === 0) print(["no test file matches", ...selection.filters].join(" "));
  const counts = countsOf(outcomes);
  print(summaryOf(counts));
  if (selection.json) output(JSON.stringify(counts));
  return counts.failed > 0 || counts.passed === 0 ? 1 : 0;
}

function select(filters: readonly string[], given: Given): Selection {
  const { verbose = false, json = false } = given;
  const minutes = Number(given.minutes ?? minutesDefault);
  const seed = given.seed === undefined ? randomInt(2 ** 32) : Number(given.seed);
  if (!(minutes > 0 && minutes <= minutesMax)) {
    throw misuse(`--minutes takes a number above zero, and at most ${String(minutesMax)}, which is 24 days.`);
  }
  if (!Number.isSafeInteger(seed) || seed < 0) throw misuse("--seed takes a whole number.");
  const chosen = [...suites, faultsSuite(minutes)].filter((suite) => given[suite.name]);
  return {
    suites: chosen.length === 0 ? suites : chosen,
    ...{ filters, verbose, json, minutes, seed },
  };
}

/** Test files inherit the environment. The seed is shown, so that a run can be repeated. */
function tell({ minutes, seed }: Selection, temporary: string, print: Surroundings["print"]): void {
  process.env[told.minutes] = String(minutes);
  process.env[told.seed] = String(seed);
  process.env[told.progress] = join(temporary, "faults-progress");
  print(`faults: --minutes ${String(minutes)} --seed ${String(seed)}`);
}

async function runSuite(
  suite: Suite,
  selection: Selection,
  { root, print }: Surroundings,
): Promise<FileOutcome[]> {
  const { filters, verbose } = selection;
  const waiting = suite.folders
    .flatMap((folder) => globSync(`${folder}/**/*.test.ts`, { cwd: root, exclude: ["**/node_modules"] }))
    .filter((path) => suite.without === undefined || !path.startsWith(`${suite.without}/`))
    .filter((path) => filters.length === 0 || filters.some((filter) => path.includes(filter)))
    .sort();
  const outcomes: FileOutcome[] = [];
  const work = async (): Promise<void> => {
    for (let path = waiting.shift(); path !== undefined; path = waiting.shift()) {
      const stopProgress = showProgress(path, print);
      const outcome = await runTestFile({ root, path, timeout_ms: suite.timeout_ms }).finally(stopProgress);
      outcomes.push(outcome);
      printOutcome(outcome, root, verbose, print);
    }
  };
  await Promise.all(Array.from({ length: suite.concurrency }, work));
  return outcomes;
}

function showProgress(path: string, print: Surroundings["print"]): () => void {
  let elapsed_ms = 0;
  const timer = setInterval(() => {
    elapsed_ms += progressInterval_ms;
    print(`  …  ${path}: running for ${String(elapsed_ms / 1000)} s${lastSaid()}`);
  }, progressInterval_ms);
  return () => {
    clearInterval(timer);
    if (lastSaid() !== "") print(`  …  ${path}${lastSaid()}`);
  };
}

/** What a test file said of itself last, after a comma; nothing where it says nothing. */
function lastSaid(): string {
  const file = process.env[told.progress];
  if (file === undefined || !existsSync(file)) return "";
  const line = readFileSync(file, "utf8").trimEnd().split("\n").at(-1) ?? "";
  return line === "" ? "" : `, ${line}`;
}

function printOutcome(
  outcome: FileOutcome,
  root: string,
  verbose: boolean,
  print: Surroundings["print"],
): void {
  const { failures, passed, skipped } = outcome;
  const counts = [
    `${String(passed)} passed`,
    ...(failures.length > 0 ? [`${String(failures.length)} failed`] : []),
    ...(skipped > 0 ? [`${String(skipped)} skipped`] : []),
  ];
  const seconds = (outcome.elapsed_ms / 1000).toFixed(1);
  print(`${failures.length === 0 ? "ok  " : "FAIL"} ${outcome.path}: ${counts.join(", ")} (${seconds} s)`);
  for (const failure of failures) {
    const place = failure.at === "" ? "" : ` (${failure.at})`;
    print(`     ${failure.name}: ${oneLine(failure.error.replaceAll(join(root, "/"), ""))}${place}`);
    if (verbose) print(failure.error);
  }
}

interface Counts {
  readonly passed: number;
  readonly failed: number;
  readonly skipped: number;
}

function countsOf(outcomes: readonly FileOutcome[]): Counts {
  const total = (count: (outcome: FileOutcome) => number): number =>
    outcomes.reduce((sum, outcome) => sum + count(outcome), 0);
  return {
    passed: total((outcome) => outcome.passed),
    failed: total((outcome) => outcome.failures.length),
    skipped: total((outcome) => outcome.skipped),
  };
}

function summaryOf({ passed, failed, skipped }: Counts): string {
  const tail = skipped > 0 ? `, ${String(skipped)} skipped` : "";
  return `${String(passed)} passed, ${String(failed)} failed${tail}`;
}

/** Test files run in process groups of their own, which an interrupt at the terminal does not reach. */
function stopOnSignals(remove: () => void): () => void {
  const stop = (signal: NodeJS.Signals): void => {
    stopTestFiles();
    remove();
    process.removeListener("SIGINT", stop).removeListener("SIGTERM", stop);
    process.kill(process.pid, signal);
  };
  process.on("SIGINT", stop).on("SIGTERM", stop);
  return () => {
    process.removeListener("SIGINT", stop).removeListener("SIGTERM", stop);
  };
}
