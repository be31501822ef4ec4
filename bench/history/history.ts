/**
 * What a question costs after a year: the stages that remember, over states with a thousand past questions and with many more.
 * What lies between the stages, Kafka above all, does not know how many there were.
 */
import { execFileSync } from "node:child_process";
import { mkdirSync } from "node:fs";
import { join } from "node:path";
import type { Comparison } from "../report.ts";
import type { History } from "./side.ts";

const usual = [1_000, 10_000, 100_000];
const large = [...usual, 1_000_000];
/** For latency and memory, against a thousand past questions. */
const growthMax = 1.2;
const restartMs = 10_000;

export async function measureHistory(
  dir: string,
  tell: (line: string) => void,
  options: { readonly large?: boolean | undefined } = {},
): Promise<Comparison[]> {
  const histories: History[] = [];
  for (const count of options.large === true ? large : usual) {
    const folder = join(dir, String(count));
    mkdirSync(folder, { recursive: true, mode: 0o700 });
    const begun = performance.now();
    run("fill.ts", folder, count);
    const filled = (performance.now() - begun) / 1_000;
    const history = JSON.parse(run("side.ts", folder, count)) as History;
    tell(
      `  ${String(count)} past questions, filled in ${filled.toFixed(0)} s: p50 ${history.p50.toFixed(2)} ms, ` +
        `p99 ${history.p99.toFixed(2)} ms, ${history.memory.toFixed(0)} MiB, ${history.disk.toFixed(0)} MiB on disk, opened in ${history.restart.toFixed(0)} ms`,
    );
    histories.push(history);
  }
  const [first, ...more] = histories;
  return Promise.resolve(first === undefined ? [] : more.flatMap((history) => rowsOf(history, first)));
}

const run = (program: string, dir: string, count: number): string =>
  execFileSync(process.execPath, [join(import.meta.dirname, program), dir, String(count)], {
    encoding: "utf8",
    stdio: ["ignore", "pipe", "inherit"],
  });

function rowsOf(history: History, first: History): Comparison[] {
  const after = `after ${String(history.count)} questions`;
  const grown = (what: string, unit: string, of: (one: History) => number): Comparison => ({
    ...{ what: `${what} ${after}`, unit, ours: of(history), reference: of(first) },
    ...{ referenceName: `${String(first.count)} questions`, goal: { atMost: growthMax } },
  });
  return [
    grown("a question in the stages that remember, median,", "ms", ({ p50 }) => p50),
    grown("a question in the stages that remember, 99th percentile,", "ms", ({ p99 }) => p99),
    grown("memory", "MiB", ({ memory }) => memory),
    {
      ...{ what: `opening the states ${after}`, unit: "ms", ours: history.restart, reference: restartMs },
      ...{ referenceName: "ten seconds", goal: { atMost: 1 } },
    },
  ];
}
