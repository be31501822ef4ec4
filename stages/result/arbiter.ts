/**
 * Which of a request's ends is its result: the first to arrive, whatever the order between topics. A digest is open
 * from its routing until its result, and closed for a week after it and after its deadline; nothing else of it is
 * published meanwhile, nor ever after: what is older than the memory and not open any more had its result.
 */
import { Memory } from "../../runtime/contract/memory.ts";
import { Table, type Change, type StateView } from "../../runtime/contract/state.ts";
import type { RequestRef, RoutedRequest } from "../../schemas/avro/index.ts";

/** Grace beyond the deadline before a request is overdue, in milliseconds. */
const GRACE_MS = 1000;
/** How long a closed digest is remembered, beyond its result and its deadline. */
export const KEEP_CLOSED_MS = 7 * 24 * 3_600_000;
/** So many become overdue with one tick at most. */
const OVERDUE_MAX = 200;

interface Open {
  readonly request: RequestRef;
  /** Absent where an earlier version opened it. */
  readonly document?: string;
  /** True once the ledger was asked whether it has expired. */
  readonly overdue?: true;
}

/** By digest, ranked by when it becomes overdue; what was told to be is never again. */
export const OPEN = new Table<Open>("open", ({ request, overdue }) =>
  overdue === true ? Infinity : request.deadline + GRACE_MS,
);
/** By digest: when it was closed, or its deadline where that is later. */
export const CLOSED = new Memory<number>("closed", (closedAt) => closedAt, KEEP_CLOSED_MS);

/** Whether the request has had its result, or had it so long ago that it was forgotten. */
export function isClosed({ digest, deadline }: RequestRef, state: StateView): boolean {
  if (CLOSED.entries.get(state, digest) !== undefined) return true;
  return CLOSED.isForgotten(deadline, state) && OPEN.get(state, digest) === undefined;
}

/** Waits for the request's end, unless it came already. */
export function open({ request, document }: RoutedRequest, state: StateView): Change[] {
  if (isClosed(request, state) || OPEN.get(state, request.digest) !== undefined) return [];
  return [OPEN.put(request.digest, { request, document })];
}

/** The document of a request that is open. */
export const openDocument = (digest: string, state: StateView): string | undefined =>
  OPEN.get(state, digest)?.document;

/** Goes on waiting; a request is told to be overdue once. */
export const markOverdue = (waiting: Open): Change =>
  OPEN.put(waiting.request.digest, { ...waiting, overdue: true });

/** Until its deadline has been forgotten too, so that no time is left in which it is neither closed nor too old. */
export const close = ({ digest, deadline }: RequestRef, time: number): Change[] => [
  OPEN.remove(digest),
  CLOSED.entries.put(digest, Math.max(time, deadline)),
];

/** Open requests that have become overdue since they were last asked for, in the order of their digests. */
export const newlyOverdue = (state: StateView, time: number): Open[] =>
  OPEN.ranked(state, { below: time, limit: OVERDUE_MAX })
    .map(({ value }) => value)
    .sort((a, b) => (a.request.digest < b.request.digest ? -1 : 1));
