/**
 * What was decided of a request, kept while it could still be asked about: the release that it paid for, or that it
 * expired unpaid. A request is never both.
 *
 * A release is kept whole: a second aggregate of the same request, were it over other heads, must not leave as a
 * second, unpaid release.
 */
import { Table, type Change, type StateView } from "../../runtime/contract/state.ts";
import type { ReleasedAggregate, RequestRef } from "../../schemas/avro/index.ts";

/** An aggregate beyond its deadline is refused anyway; the day is for broker clocks that step back. */
const KEEP_MS = 24 * 3_600_000;

/** By request digest, ranked by when they are forgotten; of what expired, its deadline. */
export const RELEASED = new Table<ReleasedAggregate>("released", ({ request }) => request.deadline + KEEP_MS);
export const EXPIRED = new Table<number>("expired", (deadline) => deadline + KEEP_MS);

export const releaseOf = (digest: string, state: StateView): ReleasedAggregate | undefined =>
  RELEASED.get(state, digest);

/** A release is public to the asker, and so fit to be state. */
export const noteRelease = (released: ReleasedAggregate): Change =>
  RELEASED.put(released.request.digest, released);

export const isExpired = (digest: string, state: StateView): boolean =>
  EXPIRED.get(state, digest) !== undefined;

export const noteExpired = ({ digest, deadline }: RequestRef): Change => EXPIRED.put(digest, deadline);

/**
 * Forgets requests whose deadline is a day old. `time` is an aggregate's, never an overdue request's: aggregates come
 * in the order of their times, so none that is still in time can follow; the other topic may run ahead of them.
 */
export const forgetOld = (state: StateView, time: number): Change[] => [
  ...RELEASED.removeBelow(state, time),
  ...EXPIRED.removeBelow(state, time),
];
