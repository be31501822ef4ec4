/**
 * A scenario: what a pipeline brings to be simulated. And a run of it: whatever fails, what must hold does, and a seed gives
 * one run.
 */
import { unsoundness } from "./soundness.ts";
import { harshFaults, noFaults, World, type Mutation, type Setting } from "./world.ts";

/** What every run must agree on, by name: whatever fails, it comes out as without any fault. */
export type Facts = Map<string, string>;

export interface Mutant {
  readonly name: string;
  readonly does: string;
  readonly mutation: Mutation;
}

/** `M` are its manners; `T` is what a run's load tells its invariants. */
export interface Scenario<M extends string, T> extends Setting<M> {
  /** How the load may come: seeds take turns. */
  readonly manners: readonly M[];
  /** Those that are played once without any fault or adversary, for the facts that every run is held to. */
  readonly calm: readonly M[];
  /** The load, from the first record to when all that follows from it has come. An adversary joins in where it is hostile. */
  play(world: World, manner: M, hostile: boolean): Promise<T>;
  /** What does not hold, in words. Facts that are not known yet are added. */
  violations(world: World, told: T, facts: Facts): string[];
  /** Each has to be caught. */
  readonly mutants: readonly Mutant[];
}

/** One of which nothing more is known: its own values meet its own functions alone. */
export type AnyScenario = Scenario<string, unknown>;

export interface Outcome {
  readonly seed: number;
  /** What does not hold, in words. */
  readonly violations: readonly string[];
  readonly steps: number;
  /** SHA-256 of every step: a seed gives one run. */
  readonly trace: string;
}

const known = new WeakMap<object, Promise<Facts>>();

/** One run, with a mutant's defect where one is named. */
export async function run<M extends string, T>(
  scenario: Scenario<M, T>,
  seed: number,
  mutant?: string,
): Promise<Outcome> {
  const calm = known.get(scenario) ?? calmFacts(scenario);
  known.set(scenario, calm);
  const facts = new Map(await calm);
  const { manners, mutants } = scenario;
  const manner = manners[seed % manners.length];
  if (manner === undefined) throw new Error("the scenario has no manner");
  const mutation = mutants.find(({ name }) => name === mutant)?.mutation ?? {};
  const world = new World({ seed, faults: harshFaults, mutation, setting: scenario, manner });
  try {
    const violations = [...(await violationsIn(scenario, world, manner, facts)), ...unsoundness(world)];
    return { seed, violations, steps: world.steps, trace: world.trace() };
  } finally {
    world.close();
  }
}

async function violationsIn<M extends string, T>(
  scenario: Scenario<M, T>,
  world: World,
  manner: M,
  facts: Facts,
): Promise<string[]> {
  try {
    return scenario.violations(world, await scenario.play(world, manner, true), facts);
  } catch (error) {
    return [error instanceof Error ? error.message : String(error)];
  }
}

/** Throws where something does not hold even so. */
async function calmFacts<M extends string, T>(scenario: Scenario<M, T>): Promise<Facts> {
  const facts: Facts = new Map();
  for (const manner of scenario.calm) {
    const world = new World({ seed: 1, faults: noFaults, setting: scenario, manner });
    try {
      const told = await scenario.play(world, manner, false);
      const violations = [...scenario.violations(world, told, facts), ...unsoundness(world)];
      if (violations.length > 0) throw new Error(`without any fault ${violations.join("; ")}`);
    } finally {
      world.close();
    }
  }
  return facts;
}
