/**
 * The pipelines that are simulated. A new one joins by being listed.
 */
import { play, openWorld, manners } from "./private-computation.ts";
import { violationsOf, type Answers } from "./private-computation-invariants.ts";
import { mutants } from "./mutants.ts";
import { harshFaults, noFaults } from "./world.ts";

export interface Outcome {
  readonly seed: number;
  /** What does not hold, in words. */
  readonly violations: readonly string[];
  readonly steps: number;
  /** SHA-256 of every step: a seed gives one run. */
  readonly trace: string;
}

export interface Scenario {
  /** The pipeline's file under pipelines/, without its ending. */
  readonly pipeline: string;
  readonly mutants: readonly { readonly name: string; readonly does: string }[];
  /** One run, with a mutant's defect where one is named. */
  readonly run: (seed: number, mutant?: string) => Promise<Outcome>;
}

/** What a run without any fault, or adversary, answers. */
let answers: Promise<Answers> | undefined;

async function calmAnswers(): Promise<Answers> {
  const found: Answers = new Map();
  // At once, so that between them the two runs answer what one alone has no budget for.
  for (const manner of ["in turn", "at once"] as const) {
    const world = openWorld(1, noFaults);
    try {
      const copies = await play(world, manner, false);
      const violations = violationsOf(world, { manner, copies }, found);
      if (violations.length > 0) throw new Error(`without any fault ${violations.join("; ")}`);
    } finally {
      world.close();
    }
  }
  return found;
}

async function runPrivateComputation(seed: number, mutant?: string): Promise<Outcome> {
  answers ??= calmAnswers();
  const known = new Map(await answers);
  const manner = manners[seed % manners.length] ?? "in turn";
  const world = openWorld(seed, harshFaults, mutants.find(({ name }) => name === mutant)?.mutation);
  try {
    const copies = await play(world, manner, true);
    const violations = violationsOf(world, { manner, copies }, known);
    return { seed, violations, steps: world.steps, trace: world.trace() };
  } catch (error) {
    const violations = [error instanceof Error ? error.message : String(error)];
    return { seed, violations, steps: world.steps, trace: world.trace() };
  } finally {
    world.close();
  }
}

export const scenarios: readonly Scenario[] = [
  { pipeline: "private-computation", mutants, run: runPrivateComputation },
];
