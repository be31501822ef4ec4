/**
 * Drives a stage's handler over plain events and a state in memory.
 */
import assert from "node:assert/strict";
import type { Outcome } from "../runtime/contract/stage.ts";
import type { StateView } from "../runtime/contract/state.ts";
import { MemoryState } from "./stage-state.ts";

export interface StageRun {
  readonly state: MemoryState;
  readonly outcomes: Outcome[];
  readonly last: Outcome;
}

/** Every outcome in order, and the state after them. At least one event. */
export async function runStage<Event>(
  handle: (event: Event, state: StateView) => Outcome | Promise<Outcome>,
  events: readonly Event[],
  state = new MemoryState(),
): Promise<StageRun> {
  const outcomes: Outcome[] = [];
  for (const event of events) {
    const outcome = await handle(event, state);
    state.apply(outcome.changes);
    outcomes.push(outcome);
  }
  const last = outcomes.at(-1);
  assert.ok(last);
  return { state, outcomes, last };
}

/** `<digest> <code>` of each refusal. */
export const refusalsIn = (outcome: Outcome): string[] =>
  outcome.kind === "publish" ? outcome.refusals.map(({ request, code }) => `${request.digest} ${code}`) : [];
