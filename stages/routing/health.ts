/**
 * The region's health, as far as a request needs it: each stage of the pipeline was named by a tick not long ago.
 */
import type { Change, StateView } from "../../runtime/contract/stage.ts";

/** A stage is up if a tick named it within this time, in milliseconds. */
const FRESH_MS = 60_000;
/** What a newer sighting must add to be worth a change: ticks come every second, the changelog need not. */
const NOTE_EVERY_MS = 10_000;

const TABLE = "health";

/** Remembers when the named stages were seen; names outside the pipeline are not kept. */
export function noteSeen(
  named: readonly string[],
  pipeline: readonly string[],
  state: StateView,
  time: number,
): Change[] {
  return pipeline
    .filter((stage) => named.includes(stage) && time - lastSeen(stage, state) >= NOTE_EVERY_MS)
    .map((stage) => ({ table: TABLE, key: stage, value: time }));
}

/** The first stage of the pipeline that was not seen lately, if any. */
export function missingStage(
  pipeline: readonly string[],
  state: StateView,
  time: number,
): string | undefined {
  return pipeline.find((stage) => time - lastSeen(stage, state) > FRESH_MS);
}

function lastSeen(stage: string, state: StateView): number {
  const seen = state.get(TABLE, stage);
  return typeof seen === "number" ? seen : Number.NEGATIVE_INFINITY;
}
