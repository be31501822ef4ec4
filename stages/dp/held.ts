/**
 * Questions that wait until something that their population spent is anchored, in the order in which they came. Sealed, as all state
 * is: they hold exact sums.
 */
import { Table, type Change, type StateView } from "../../runtime/contract/state.ts";
import type { ExactAggregate } from "../../schemas/avro/index.ts";

/** A question as it came, at an event's time; the bytes of its blindings as text. */
interface Held {
  readonly time: number;
  readonly exact: Omit<ExactAggregate, "cells"> & { readonly cells: readonly HeldCell[] };
}
type HeldCell = Omit<ExactAggregate["cells"][number], "blinding"> & { readonly blinding: string };

/** By population: the number of the first that waits, and of the next that comes. */
const QUEUES = new Table<{ readonly first: number; readonly next: number }>("held-queues");
/** By population and number. */
const HELD = new Table<Held>("held");

const empty = { first: 0, next: 0 };

export const isWaitedFor = (population: string, state: StateView): boolean =>
  QUEUES.get(state, population) !== undefined;

/** The changes of letting a question wait. */
export function hold(exact: ExactAggregate, time: number, state: StateView): Change[] {
  const { population } = exact.plan;
  const { first, next } = QUEUES.get(state, population) ?? empty;
  const cells = exact.cells.map((cell) => ({ ...cell, blinding: cell.blinding.toString("base64") }));
  return [
    HELD.put(keyOf(population, next), { time, exact: { ...exact, cells } }),
    QUEUES.put(population, { first, next: next + 1 }),
  ];
}

/** The question that waits longest, when it came, and the changes of taking it out. */
export function firstHeld(
  population: string,
  state: StateView,
): { readonly exact: ExactAggregate; readonly time: number; readonly changes: Change[] } | undefined {
  const queue = QUEUES.get(state, population);
  if (queue === undefined) return undefined;
  const { first, next } = queue;
  const key = keyOf(population, first);
  const held = HELD.get(state, key);
  if (held === undefined) throw new Error("a population's queue has a question");
  const cells = held.exact.cells.map((cell) => ({ ...cell, blinding: Buffer.from(cell.blinding, "base64") }));
  const left =
    first + 1 === next ? QUEUES.remove(population) : QUEUES.put(population, { first: first + 1, next });
  return { exact: { ...held.exact, cells }, time: held.time, changes: [HELD.remove(key), left] };
}

const keyOf = (population: string, number: number): string => `${population}/${String(number)}`;
