/**
 * Psi: joins records of one person by their tokens and sums what a question asks, one partition of tokens at a
 * time.
 *
 * Promises: a partial aggregate is as of exactly the heads that compliance pinned; each question gets from each
 * partition one partial or one refusal, by its deadline. Does not: see identifiers, add noise, or say who matched.
 */
import type { BlindingSource } from "../../domain/log/blinding.ts";
import { PavilionError } from "../../errors/errors.ts";
import { publish, reject, type Outcome, type Stage, type StageEvent } from "../../runtime/contract/stage.ts";
import type { Change, StateView } from "../../runtime/contract/state.ts";
import type { RecordSlice } from "../../schemas/avro/index.ts";
import { withChanges } from "../../runtime/contract/changed-state.ts";
import { decide, heldQuestions, type Decisions, DECIDED, HELD } from "./question.ts";
import { HEADS } from "./records.ts";
import { dropOver, OVER, takeSlice } from "./slice.ts";

export interface PsiPorts {
  /** The region's partition count. */
  readonly partitions: number;
  /** The partition this handler serves, from 0. */
  readonly partition: number;
  readonly blinding: BlindingSource;
}

type PsiEvent = StageEvent<"RecordSlice" | "MatchQuestion" | "Tick">;

export const psi: Stage<PsiEvent["type"], PsiPorts> = {
  name: "psi",
  inputs: [
    { topic: "dataset.slices", types: ["RecordSlice"] },
    { topic: "compliance.approved", types: ["MatchQuestion"] },
    { topic: "clock.ticks", types: ["Tick"] },
  ],
  tables: [HELD, DECIDED, HEADS, OVER],
  outputs: ["psi.partials", "match.preimages"],
  handle: handlePsi,
};

async function handlePsi(event: PsiEvent, state: StateView, ports: PsiPorts): Promise<Outcome> {
  if (event.type === "RecordSlice") return handleSlice(event.value, event.time, state, ports);
  if (event.type === "MatchQuestion") return outcomeOf(await decide([event.value], state, event.time, ports));
  const decisions = await decide(heldQuestions(state, event.time), state, event.time, ports);
  const upkeep = [...DECIDED.removeBelow(state, event.time), ...dropOver(state)];
  return outcomeOf({ ...decisions, changes: [...decisions.changes, ...upkeep] });
}

async function handleSlice(
  slice: RecordSlice,
  time: number,
  state: StateView,
  ports: PsiPorts,
): Promise<Outcome> {
  let taken: Change[];
  try {
    taken = takeSlice(slice, state);
  } catch (error) {
    if (!(error instanceof PavilionError)) throw error;
    return reject(error.code, error.message);
  }
  if (taken.length === 0) return publish({});
  const decisions = await decide(heldQuestions(state), withChanges(state, taken), time, ports);
  return outcomeOf({ ...decisions, changes: [...taken, ...decisions.changes] });
}

const outcomeOf = ({ refusals, ...effects }: Decisions): Outcome => publish(effects, refusals);
