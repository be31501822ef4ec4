/**
 * `simulate [--seeds N] [--from K] [--seed S] [--mutants] [--json]`: plays every pipeline under faults, one run a seed.
 * Answers the exit code: 0 where everything holds and every mutant is caught, 1 otherwise.
 */
import { misuse } from "../errors/misuse.ts";
import { playAll } from "./crew.ts";
import { scenarios } from "./scenarios.ts";
import type { Played, Task } from "./worker.ts";

const seedsDefault = 200;
/** A mutant that lives through so many seeds is not caught. */
const mutantSeedsMax = 200;
const tellEveryMs = 5_000;

interface Given {
  readonly seeds: string | undefined;
  readonly from: string | undefined;
  readonly seed: string | undefined;
  readonly mutants: boolean;
  readonly json: boolean;
}

export async function simulate(given: Given): Promise<number> {
  const from = Number(given.seed ?? given.from ?? 1);
  const count = given.seed === undefined ? Number(given.seeds ?? seedsDefault) : 1;
  if (!Number.isSafeInteger(from) || !(count > 0))
    throw misuse("--seeds, --from and --seed take whole numbers.");
  const failed = given.mutants && given.seeds === undefined ? [] : await playSeeds(from, count);
  const escaped = given.mutants ? await hunt() : [];
  if (given.json) console.log(JSON.stringify({ from, count, failed, escaped }));
  return failed.length + escaped.length === 0 ? 0 : 1;
}

/** The runs in which something does not hold. */
async function playSeeds(from: number, count: number): Promise<Played[]> {
  const all: Played[] = [];
  for (const pipeline of scenarios.keys()) {
    const failed: Played[] = [];
    const progress = new Progress(pipeline, count);
    const tasks = Array.from({ length: count }, (_, index): Task => ({ pipeline, seed: from + index }));
    await playAll(tasks, (played) => {
      progress.step(played);
      if (played.violations.length === 0) return true;
      failed.push(played);
      tell(`  ${pipeline}, seed ${String(played.seed)}: ${played.violations.join("; ")}`);
      tell(`    ./pavilion simulate --seed ${String(played.seed)}`);
      return true;
    });
    progress.end(failed.length);
    all.push(...failed);
  }
  return all;
}

/** The mutants that no seed catches. */
async function hunt(): Promise<string[]> {
  const escaped: string[] = [];
  for (const [pipeline, { mutants }] of scenarios) {
    for (const { name, does } of mutants) {
      const by = await catcherOf(pipeline, name);
      if (by === undefined) escaped.push(`${pipeline}/${name}`);
      const outcome =
        by === undefined ? "NOT CAUGHT" : `caught by seed ${String(by.seed)}: ${by.violations[0] ?? ""}`;
      tell(`  ${name} (${does}): ${outcome}`);
    }
  }
  return escaped;
}

async function catcherOf(pipeline: string, mutant: string): Promise<Played | undefined> {
  let by: Played | undefined;
  const tasks = Array.from({ length: mutantSeedsMax }, (_, index): Task => ({
    pipeline,
    mutant,
    seed: index + 1,
  }));
  await playAll(tasks, (played) => {
    if (played.violations.length > 0 && (by === undefined || played.seed < by.seed)) by = played;
    return by === undefined;
  });
  return by;
}

const tell = (line: string): void => {
  console.error(line);
};

/** How far it is, at what rate, and how long it takes still. */
class Progress {
  readonly #pipeline: string;
  readonly #count: number;
  readonly #begun = performance.now();
  #told = performance.now();
  #played = 0;
  #steps = 0;

  constructor(pipeline: string, count: number) {
    this.#pipeline = pipeline;
    this.#count = count;
  }

  step({ seed, steps, trace }: Played): void {
    this.#played += 1;
    this.#steps += steps;
    if (this.#count === 1) tell(`  seed ${String(seed)}: ${String(steps)} steps, trace ${trace}`);
    if (performance.now() - this.#told < tellEveryMs) return;
    this.#told = performance.now();
    const seconds = (this.#told - this.#begun) / 1_000;
    const left = (seconds / this.#played) * (this.#count - this.#played);
    tell(
      `  ${this.#pipeline}: ${String(this.#played)} of ${String(this.#count)} seeds ` +
        `(${(this.#played / seconds).toFixed(1)}/s, ${left.toFixed(0)} s left)`,
    );
  }

  end(failed: number): void {
    const seconds = ((performance.now() - this.#begun) / 1_000).toFixed(0);
    tell(
      `  ${this.#pipeline}: ${String(this.#count)} seeds, ${String(this.#steps)} steps, ` +
        `${String(failed)} with violations (${seconds} s)`,
    );
  }
}
