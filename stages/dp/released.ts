/**
 * Releases that were paid for, kept whole while their request may still be answered: a second aggregate of the same
 * request, were it over other heads, must not leave as a second, unpaid release.
 */
import type { Change, StateView } from "../../runtime/stage.ts";
import type { ReleasedAggregate } from "../../schemas/avro/index.ts";

const TABLE = "released";
/** Beyond its deadline a request is refused before it gets here; the hour is for broker clocks that step back. */
const KEEP_MS = 3_600_000;

export const releaseOf = (digest: string, state: StateView): ReleasedAggregate | undefined =>
  state.get(TABLE, digest) as ReleasedAggregate | undefined;

/** Keeps a release, which is public to the asker, and forgets those whose requests are over. */
export function noteRelease(released: ReleasedAggregate, state: StateView, time: number): Change[] {
  const changes: Change[] = [{ table: TABLE, key: released.request.digest, value: released }];
  for (const [key, value] of state.entries(TABLE)) {
    const { request } = value as ReleasedAggregate;
    if (request.deadline + KEEP_MS < time) changes.push({ table: TABLE, key, value: undefined });
  }
  return changes;
}
