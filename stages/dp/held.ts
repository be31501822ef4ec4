/**
 * Questions that wait until something that their population spent is anchored, in the order in which they came, so many of a
 * population. Sealed, as all state is: they hold exact sums.
 */
import { withChanges } from "../../runtime/contract/changed-state.ts";
import { Table, type Change, type StateView } from "../../runtime/contract/state.ts";
import type { ExactAggregate } from "../../schemas/avro/index.ts";

/** Routing lets so few be under way that more than these wait at the door, but for a region of many partitions. */
export const HELD_MAX = 256;

/** A question with the bytes of its blindings as text. */
type Held = Omit<ExactAggregate, "cells"> & { readonly cells: readonly HeldCell[] };
type HeldCell = Omit<ExactAggregate["cells"][number], "blinding"> & { readonly blinding: string };

/** By population: the digests of those that wait, in their order. */
const QUEUES = new Table<readonly string[]>("held-queues");
/** By request digest. */
const HELD = new Table<Held>("held");

const queueOf = (population: string, state: StateView): readonly string[] =>
  QUEUES.get(state, population) ?? [];

export const isWaitedFor = (population: string, state: StateView): boolean =>
  queueOf(population, state).length > 0;

export const isHeld = (digest: string, state: StateView): boolean => HELD.get(state, digest) !== undefined;

/** The changes of letting a question wait, behind all others or before them. Undefined where as many wait as may. */
export function hold(exact: ExactAggregate, place: "first" | "last", state: StateView): Change[] | undefined {
  const { population } = exact.plan;
  const { digest } = exact.request;
  const queue = queueOf(population, state);
  if (place === "last" && queue.length >= HELD_MAX) return undefined;
  const cells = exact.cells.map((cell) => ({ ...cell, blinding: cell.blinding.toString("base64") }));
  return [
    HELD.put(digest, { ...exact, cells }),
    QUEUES.put(population, place === "last" ? [...queue, digest] : [digest, ...queue]),
  ];
}

/** A question that waits no longer, and the changes of that; undefined where it does not wait. */
export function letGo(
  digest: string,
  state: StateView,
): { readonly exact: ExactAggregate; readonly changes: Change[] } | undefined {
  const held = HELD.get(state, digest);
  if (held === undefined) return undefined;
  const { population } = held.plan;
  const left = queueOf(population, state).filter((other) => other !== digest);
  const cells = held.cells.map((cell) => ({ ...cell, blinding: Buffer.from(cell.blinding, "base64") }));
  return {
    exact: { ...held, cells },
    changes: [
      HELD.remove(digest),
      left.length === 0 ? QUEUES.remove(population) : QUEUES.put(population, left),
    ],
  };
}

/** Takes out those that come first, for as long as they may go on. */
export function takeFirst(
  population: string,
  state: StateView,
  mayGoOn: (exact: ExactAggregate) => boolean,
): { readonly gone: readonly ExactAggregate[]; readonly changes: readonly Change[] } {
  const gone: ExactAggregate[] = [];
  const changes: Change[] = [];
  for (const digest of queueOf(population, state)) {
    const next = letGo(digest, withChanges(state, changes));
    if (next === undefined || !mayGoOn(next.exact)) break;
    gone.push(next.exact);
    changes.push(...next.changes);
  }
  return { gone, changes };
}
