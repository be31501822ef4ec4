/**
 * How often a broker and each of its tenants may ask: a bucket each, of a minute's questions, that fills evenly. Counted in
 * parts of a question, so many that a bucket fills by its questions a minute with every millisecond: all numbers are whole.
 */
import { Table, type Change, type StateView } from "../../runtime/contract/state.ts";
import type { Waiter } from "../../runtime/contract/fair-queue.ts";
import type { RoutingLimits } from "./limits.ts";

/** Milliseconds of a minute, and so parts of a question. */
const PARTS = 60_000;

interface Bucket {
  /** Parts that were taken out and had not come back at a time, … */
  readonly taken: number;
  readonly at: number;
  /** … and when it is full again. */
  readonly fullAt: number;
}

/** By `<signer>` and `<signer>/<tenant>`: those that are not full. */
export const BUCKETS = new Table<Bucket>("rates", ({ fullAt }) => fullAt);

interface Rated {
  /** In how many milliseconds it may ask; 0 where it may now. */
  readonly waitMs: number;
  /** What asking takes from the buckets: nothing where it has to wait. */
  readonly changes: readonly Change[];
}

/** Takes a question from the signer's bucket and from its tenant's, or from neither. `time` is the event's. */
export function rated(
  { signer, tenant }: Waiter,
  rates: RoutingLimits["rates"],
  state: StateView,
  time: number,
): Rated {
  const buckets = [
    { key: signer, perMinute: rates.broker },
    { key: `${signer}/${tenant}`, perMinute: rates.tenant },
  ];
  const changes: Change[] = [];
  let waitMs = 0;
  for (const { key, perMinute } of buckets) {
    if (perMinute === undefined) continue;
    const before = BUCKETS.get(state, key) ?? { taken: 0, at: time };
    const taken = Math.max(0, before.taken - Math.max(0, time - before.at) * perMinute) + PARTS;
    waitMs = Math.max(waitMs, Math.ceil((taken - PARTS * perMinute) / perMinute));
    const at = Math.max(time, before.at);
    changes.push(BUCKETS.put(key, { taken, at, fullAt: at + Math.ceil(taken / perMinute) }));
  }
  return waitMs > 0 ? { waitMs, changes: [] } : { waitMs, changes };
}

/** Lets go of buckets that are full again. */
export const forgetFull = (state: StateView, time: number): Change[] => BUCKETS.removeBelow(state, time);
