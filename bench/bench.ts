/**
 * `./pavilion bench NAME [--json]`: measures beside a reference, both in one run on this machine, and holds the ratio
 * against a goal. The exit code says whether it could be measured, not whether goals were met: that depends on the
 * machine and what else it does.
 */
import { mkdirSync, mkdtempSync, readdirSync, renameSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { onEarlyEnd } from "../infra/embedded/early-end.ts";
import type { LoadOptions } from "./load/load.ts";
import { misuse } from "../errors/misuse.ts";
import { jsonLine, machineText, rowLines, rowOf, type Comparison } from "./report.ts";

interface BenchOptions extends LoadOptions {
  readonly large?: boolean | undefined;
}

/** Measures in an empty folder of its own; `tell` takes what a person follows. */
type Bench = (
  dir: string,
  tell: (line: string) => void,
  options: BenchOptions,
) => Promise<readonly Comparison[]>;

const benches: Readonly<Record<string, Bench>> = {
  hops: async (dir, tell) => (await import("./hops/hops.ts")).measureHops(dir, tell),
  history: async (dir, tell, options) =>
    (await import("./history/history.ts")).measureHistory(dir, tell, options),
  load: async (dir, tell, options) => (await import("./load/load.ts")).measureLoad(dir, tell, options),
  restore: async (dir, tell) => (await import("./restore/restore.ts")).measureRestore(dir, tell),
};

/** Answers 0 once it is measured; what is not understood, or fails on the way, throws. */
export async function bench(
  [name, ...more]: readonly string[],
  { json, ...options }: BenchOptions & { readonly json: boolean },
): Promise<number> {
  const measure = name !== undefined && Object.hasOwn(benches, name) ? benches[name] : undefined;
  if (name === undefined || measure === undefined || more.length > 0) {
    const known = Object.keys(benches).join(", ");
    throw misuse(`bench takes one name of ${known}.`);
  }
  // With --json, standard output is the one line; what a person follows goes beside it.
  const stream = json ? process.stderr : process.stdout;
  const tell = (line: string): void => void stream.write(`${line}\n`);
  const machine = machineText();
  tell(machine);
  const rows = (await inTemporaryFolder((dir) => measure(dir, tell, options))).map(rowOf);
  for (const line of rowLines(rows)) tell(line);
  if (json) process.stdout.write(`${jsonLine(name, machine, rows)}\n`);
  return 0;
}

/** The folder is removed again; of a run that failed, its parts' logs are kept. */
async function inTemporaryFolder<T>(work: (dir: string) => Promise<T>): Promise<T> {
  const dir = mkdtempSync(join(tmpdir(), "pavilion-bench-"));
  const remove = (): void => {
    rmSync(dir, { recursive: true, force: true, maxRetries: 5, retryDelay: 100 });
  };
  const unwatch = onEarlyEnd(remove);
  try {
    const result = await work(dir);
    remove();
    return result;
  } catch (error) {
    keepLogsOnly(dir);
    throw error;
  } finally {
    unwatch();
  }
}

/** What lies beside the logs are data and passwords. */
function keepLogsOnly(dir: string): void {
  const parts = readdirSync(dir);
  const logs = parts.flatMap((part) =>
    readdirSync(join(dir, part))
      .filter((name) => name.endsWith(".log"))
      .map((name) => join(dir, part, name)),
  );
  const kept = join(dir, "kept");
  mkdirSync(kept);
  for (const [index, log] of logs.entries())
    renameSync(log, join(kept, `${String(index)}-${log.split("/").at(-1) ?? ""}`));
  for (const part of parts) rmSync(join(dir, part), { recursive: true, force: true });
  process.stderr.write(`pavilion: the benchmark failed; the logs of its parts are kept in ${kept}\n`);
}
