/**
 * Which of a request's ends is its result: the first to arrive, whatever the order between topics. A digest is open
 * from its routing until its result, and closed for a week after it and after its deadline; nothing else of it is
 * published meanwhile, nor ever after: what is older than the memory and not open any more had its result.
 */
import type { Change, StateView } from "../../runtime/contract/stage.ts";
import type { RequestRef, RoutedRequest } from "../../schemas/avro/index.ts";

/** Grace beyond the deadline before a request is overdue, in milliseconds. */
const GRACE_MS = 1000;
/** How long a closed digest is remembered, beyond its result and its deadline. */
export const KEEP_CLOSED_MS = 7 * 24 * 3_600_000;
/** How often closed digests are looked through; ticks come every second. */
export const PRUNE_EVERY_MS = 3_600_000;

const OPEN = "open";
const CLOSED = "closed";
const UPKEEP = "upkeep";

/** Whether the request has had its result, or had it so long ago that it was forgotten. */
export function isClosed({ digest, deadline }: RequestRef, state: StateView): boolean {
  if (state.get(CLOSED, digest) !== undefined) return true;
  return deadline < prunedAt(state) - KEEP_CLOSED_MS && state.get(OPEN, digest) === undefined;
}

interface Open {
  readonly request: RequestRef;
  /** Absent where an earlier version opened it. */
  readonly document?: string;
  /** True once the ledger was asked whether it has expired. */
  readonly overdue?: true;
}

/** Waits for the request's end, unless it came already. */
export function open({ request, document }: RoutedRequest, state: StateView): Change[] {
  if (isClosed(request, state) || state.get(OPEN, request.digest) !== undefined) return [];
  return [{ table: OPEN, key: request.digest, value: { request, document } satisfies Open }];
}

/** The document of a request that is open. */
export const openDocument = (digest: string, state: StateView): string | undefined =>
  (state.get(OPEN, digest) as Open | undefined)?.document;

/** Goes on waiting; a request is told to be overdue once. */
export const markOverdue = (waiting: Open): Change => ({
  table: OPEN,
  key: waiting.request.digest,
  value: { ...waiting, overdue: true } satisfies Open,
});

/** Until its deadline has been forgotten too, so that no time is left in which it is neither closed nor too old. */
export const close = ({ digest, deadline }: RequestRef, time: number): Change[] => [
  { table: OPEN, key: digest, value: undefined },
  { table: CLOSED, key: digest, value: Math.max(time, deadline) },
];

/** Open requests that have become overdue since they were last asked for, in the order of their digests. */
export function newlyOverdue(state: StateView, time: number): Open[] {
  const found: Open[] = [];
  for (const [, value] of state.entries(OPEN)) {
    const waiting = value as Open;
    if (waiting.overdue !== true && waiting.request.deadline + GRACE_MS < time) found.push(waiting);
  }
  return found.sort((a, b) => (a.request.digest < b.request.digest ? -1 : 1));
}

/** Forgets digests that were closed a week ago, at most once an hour. */
export function pruneClosed(state: StateView, time: number): Change[] {
  if (time - prunedAt(state) < PRUNE_EVERY_MS) return [];
  const changes: Change[] = [{ table: UPKEEP, key: "pruned", value: time }];
  for (const [key, closedAt] of state.entries(CLOSED)) {
    if (typeof closedAt === "number" && closedAt < time - KEEP_CLOSED_MS) {
      changes.push({ table: CLOSED, key, value: undefined });
    }
  }
  return changes;
}

function prunedAt(state: StateView): number {
  const last = state.get(UPKEEP, "pruned");
  return typeof last === "number" ? last : Number.NEGATIVE_INFINITY;
}
