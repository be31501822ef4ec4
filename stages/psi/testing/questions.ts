/**
 * Events of the psi stage for its tests: slices of two datasets and questions over them, in partition 3 of 4.
 */
import type { Outcome, StageEvent } from "../../../runtime/contract/stage.ts";
import type { MatchPreimage, MatchQuestion, RecordSlice } from "../../../schemas/avro/index.ts";
import { psi, type PsiPorts } from "../stage.ts";
import { recordsIn } from "../../../test/stage-match.ts";
import { ASKED, headOf } from "../../../test/stage-plan.ts";
import { runStage, type StageRun } from "../../../test/stage-run.ts";
import { blinding } from "../../../domain/log/testing/seeds.ts";
import { MemoryState } from "../../../test/stage-state.ts";

export type PsiEvent = StageEvent<"RecordSlice" | "MatchQuestion" | "Tick">;

export const ports: PsiPorts = { partition: 3, partitions: 4, blinding };

export function slice(
  dataset: string,
  sequence: number,
  records: Record<number, (number | null)[]> = {},
  changes: Partial<RecordSlice> = {},
): PsiEvent {
  const value: RecordSlice = {
    collaboration: "care",
    epoch: 2,
    dataset,
    sequence,
    head: headOf(dataset, sequence),
    records: recordsIn({
      dataset,
      sequence,
      people: Object.entries(records).map(([person, values]) => [Number(person), values]),
    }),
    ...changes,
  };
  return { type: "RecordSlice", value, topic: "dataset.slices", key: "", time: ASKED };
}

export const question = (value: MatchQuestion, time = ASKED): PsiEvent => ({
  type: "MatchQuestion",
  value,
  topic: "compliance.approved",
  key: "",
  time,
});
export const tick = (time: number): PsiEvent => ({
  type: "Tick",
  value: { worker: "w", stages: [] },
  topic: "clock.ticks",
  key: "",
  time,
});

export const people = { 1: [40, 0], 2: [null, 2], 3: [16, 1] };
export const visits = { 2: [3, 1], 3: [0, null], 4: [9, 0] };

export const run = (events: readonly PsiEvent[], state = new MemoryState()): Promise<StageRun> =>
  runStage((event: PsiEvent, view) => psi.handle(event, view, ports), events, state);

export const preimagesIn = ({ outputs }: Outcome): MatchPreimage[] =>
  outputs.filter(({ topic }) => topic === "match.preimages").map(({ value }) => value as MatchPreimage);

/** What a preimage says of those who matched. */
export const listedIn = (outcome: Outcome): unknown =>
  preimagesIn(outcome).map(({ text }) => (JSON.parse(text) as { people: unknown }).people);
