/**
 * Digests that were seen, so that a record published twice has one effect. An entry lives for a day beyond its
 * deadline; a replay after that is refused by its times (CLOCK_SKEW, DEADLINE_PASSED).
 */
import type { Change, StateView } from "../../runtime/stage.ts";

const KEEP_MS = 24 * 3_600_000;
/** How often the entries are looked through; ticks come every second. */
const PRUNE_EVERY_MS = 3_600_000;

const TABLE = "seen";
const UPKEEP = "upkeep";

export const isSeen = (digest: string, state: StateView): boolean => state.get(TABLE, digest) !== undefined;

export const noteDigest = (digest: string, deadline: number): Change => ({
  table: TABLE,
  key: digest,
  value: deadline,
});

/** Deletes what no longer matters, at most once an hour. */
export function pruneSeen(state: StateView, time: number): Change[] {
  const last = state.get(UPKEEP, "pruned");
  if (typeof last === "number" && time - last < PRUNE_EVERY_MS) return [];
  const changes: Change[] = [{ table: UPKEEP, key: "pruned", value: time }];
  for (const [key, deadline] of state.entries(TABLE)) {
    if (typeof deadline === "number" && deadline + KEEP_MS < time)
      changes.push({ table: TABLE, key, value: undefined });
  }
  return changes;
}
