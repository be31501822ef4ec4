/**
 * Digests that were decided, so that a request has one end however often it is published. An entry lives for a day beyond
 * its deadline. What is older than the memory is neither decided nor remembered: whether it was answered cannot be known
 * any more. Nor is what was issued more than a day ahead, which the memory would have to hold for as long.
 */
import type { Change, StateView } from "../../runtime/contract/stage.ts";

const KEEP_MS = 24 * 3_600_000;
/** How often the entries are looked through; ticks come every second. */
const PRUNE_EVERY_MS = 3_600_000;

const TABLE = "seen";
const UPKEEP = "upkeep";

/** `decided`: it has its end, or gets it; `beyond`: of another time than the memory's; `new`: to be decided now. */
export type Memory = "decided" | "beyond" | "new";

interface Timed {
  readonly digest: string;
  readonly issuedAt: number;
  readonly deadline: number;
}

/** `time` is the event's. */
export function memoryOf({ digest, issuedAt, deadline }: Timed, state: StateView, time: number): Memory {
  if (state.get(TABLE, digest) !== undefined) return "decided";
  const isForgotten = deadline < prunedAt(state) - KEEP_MS;
  return isForgotten || issuedAt - KEEP_MS > time ? "beyond" : "new";
}

export const noteDigest = (digest: string, deadline: number): Change => ({
  table: TABLE,
  key: digest,
  value: deadline,
});

/** Deletes what no longer matters, at most once an hour. */
export function pruneSeen(state: StateView, time: number): Change[] {
  if (time - prunedAt(state) < PRUNE_EVERY_MS) return [];
  const changes: Change[] = [{ table: UPKEEP, key: "pruned", value: time }];
  for (const [key, deadline] of state.entries(TABLE)) {
    if (typeof deadline === "number" && deadline < time - KEEP_MS)
      changes.push({ table: TABLE, key, value: undefined });
  }
  return changes;
}

/** Up to a day before this everything was forgotten, and nothing after it. */
function prunedAt(state: StateView): number {
  const last = state.get(UPKEEP, "pruned");
  return typeof last === "number" ? last : Number.NEGATIVE_INFINITY;
}
