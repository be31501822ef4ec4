/**
 * What was decided of a request, kept while it could still be asked about: the release that it paid for, or that it
 * expired unpaid. A request is never both.
 *
 * A release is kept whole: a second aggregate of the same request, were it over other heads, must not leave as a
 * second, unpaid release.
 */
import type { Change, StateView } from "../../runtime/contract/stage.ts";
import type { ReleasedAggregate, RequestRef } from "../../schemas/avro/index.ts";

const RELEASED = "released";
const EXPIRED = "expired";
/** An aggregate beyond its deadline is refused anyway; the day is for broker clocks that step back. */
const KEEP_MS = 24 * 3_600_000;

export const releaseOf = (digest: string, state: StateView): ReleasedAggregate | undefined =>
  state.get(RELEASED, digest) as ReleasedAggregate | undefined;

/** A release is public to the asker, and so fit to be state. */
export const noteRelease = (released: ReleasedAggregate): Change => ({
  table: RELEASED,
  key: released.request.digest,
  value: released,
});

export const isExpired = (digest: string, state: StateView): boolean =>
  state.get(EXPIRED, digest) !== undefined;

export const noteExpired = ({ digest, deadline }: RequestRef): Change => ({
  table: EXPIRED,
  key: digest,
  value: deadline,
});

/**
 * Forgets requests whose deadline is a day old. `time` is an aggregate's, never an overdue request's: aggregates come
 * in the order of their times, so none that is still in time can follow; the other topic may run ahead of them.
 */
export function forgetOld(state: StateView, time: number): Change[] {
  const changes: Change[] = [];
  for (const [key, value] of state.entries(RELEASED)) {
    const { request } = value as ReleasedAggregate;
    if (request.deadline + KEEP_MS < time) changes.push({ table: RELEASED, key, value: undefined });
  }
  for (const [key, deadline] of state.entries(EXPIRED)) {
    if ((deadline as number) + KEEP_MS < time) changes.push({ table: EXPIRED, key, value: undefined });
  }
  return changes;
}
