/**
 * Questions at a steady rate over a thousand people: how long each takes, what it costs, and how far evidence falls behind; beside
 * an earlier version of this project, where one is named.
 */
import { execFileSync, spawn } from "node:child_process";
import { cpSync, mkdirSync, symlinkSync } from "node:fs";
import { join } from "node:path";
import { misuse } from "../../errors/misuse.ts";
import type { Comparison } from "../report.ts";
import type { Load, LoadPlan } from "./side.ts";

const root = join(import.meta.dirname, "../..");
/** What an answer may take, and what a question may cost without its proof. */
const answerMs = 500;
const processorMs = 40;
/** The rate at which answers have to hold. */
const heldRate = 4;

export interface LoadOptions {
  readonly rates?: string | undefined;
  readonly seconds?: string | undefined;
  readonly against?: string | undefined;
}

export async function measureLoad(
  dir: string,
  tell: (line: string) => void,
  { rates = "1,2,4,8,16", seconds = "90", against }: LoadOptions = {},
): Promise<Comparison[]> {
  const plan: LoadPlan = { rates: rates.split(",").map(Number), seconds: Number(seconds) };
  if (![...plan.rates, plan.seconds].every((value) => value > 0))
    throw misuse("--rates takes numbers above zero, such as 1,2,4; --seconds takes one.");
  tell("a region over 1,000 people; this version …");
  const ours = await sideIn(root, join(dir, "ours"), plan);
  if (against === undefined) return ours.flatMap(goalRows);
  tell(`${against} …`);
  const theirs = await sideIn(versionAt(against, join(dir, "version")), join(dir, "theirs"), plan);
  return ours.flatMap((load, index) => {
    const other = theirs[index];
    return other === undefined ? [] : comparedRows(load, other, against);
  });
}

/** The figures of a side, as its own process measures them. */
async function sideIn(project: string, dir: string, plan: LoadPlan): Promise<Load[]> {
  mkdirSync(dir, { recursive: true, mode: 0o700 });
  const side = spawn(process.execPath, [join(project, "bench/load/side.ts"), dir, JSON.stringify(plan)], {
    cwd: project,
    stdio: ["ignore", "pipe", "inherit"],
  });
  let out = "";
  side.stdout.on("data", (chunk: Buffer) => (out += chunk.toString()));
  const code = await new Promise<number | null>((resolve, reject) => {
    side.once("error", reject);
    side.once("close", resolve);
  });
  if (code !== 0) throw new Error(`the measured side ended with ${String(code)}`);
  return JSON.parse(out.trim().split("\n").at(-1) ?? "") as Load[];
}

/** A work tree of another version, measured by this one's side. */
function versionAt(commit: string, tree: string): string {
  execFileSync("git", ["-C", root, "worktree", "add", "--detach", "--quiet", tree, commit]);
  process.once("exit", () => {
    execFileSync("git", ["-C", root, "worktree", "remove", "--force", tree], { stdio: "ignore" });
  });
  symlinkSync(join(root, "node_modules"), join(tree, "node_modules"));
  cpSync(import.meta.dirname, join(tree, "bench/load"), { recursive: true });
  return tree;
}

function goalRows(load: Load): Comparison[] {
  const { rate, p50, p99, second, last, processor } = load;
  const at = `at ${String(rate)} questions/s`;
  const within = { unit: "ms", reference: answerMs, referenceName: "half a second" };
  // Beyond the rate that has to hold, the figures are told and no goal is set.
  const goal = rate <= heldRate ? { atMost: 1 } : null;
  return [
    { what: `median answer ${at}`, ...within, ours: p50, goal },
    { what: `99th percentile ${at}`, ...within, ours: p99, goal },
    {
      ...{ what: `processor time a question ${at}, without its proof`, unit: "ms", ours: processor },
      ...{ reference: processorMs, referenceName: "what it may cost", goal },
    },
    ...(second === 0
      ? []
      : [
          {
            ...{ what: `median of the last minute ${at}`, unit: "ms", ours: last, reference: second },
            ...{ referenceName: "the second minute's", goal: { atMost: 1.2 } },
          },
        ]),
  ];
}

function comparedRows(load: Load, other: Load, name: string): Comparison[] {
  const at = `at ${String(load.rate)} questions/s`;
  const row = (what: string, of: (load: Load) => number): Comparison => ({
    ...{ what: `${what} ${at}`, unit: "ms", ours: of(load), reference: of(other), referenceName: name },
    goal: { atMost: 1.1 },
  });
  return [
    row("median answer", ({ p50 }) => p50),
    row("99th percentile", ({ p99 }) => p99),
    row("processor time a question, without its proof,", ({ processor }) => processor),
  ];
}
