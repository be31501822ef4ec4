/**
 * The region's health, as far as a request needs it: each stage that its answer waits for was named by a tick not long ago.
 */
import type { Change, StateView } from "../../runtime/contract/state.ts";

/** A stage is up if a tick named it within this time, in milliseconds. */
const FRESH_MS = 60_000;
/** What a newer sighting must add to be worth a change: ticks come every second, the changelog need not. */
const NOTE_EVERY_MS = 10_000;

const TABLE = "health";

/** Remembers when the named stages were seen, of those that are needed. */
export function noteSeen(
  named: readonly string[],
  needed: readonly string[],
  state: StateView,
  time: number,
): Change[] {
  return needed
    .filter((stage) => named.includes(stage) && time - lastSeen(stage, state) >= NOTE_EVERY_MS)
    .map((stage) => ({ table: TABLE, key: stage, value: time }));
}

/** The first of the needed stages that was not seen lately, if any. */
export function missingStage(needed: readonly string[], state: StateView, time: number): string | undefined {
  return needed.find((stage) => time - lastSeen(stage, state) > FRESH_MS);
}

function lastSeen(stage: string, state: StateView): number {
  const seen = state.get(TABLE, stage);
  return typeof seen === "number" ? seen : Number.NEGATIVE_INFINITY;
}
