/**
 * Joins the partial aggregates of one request: exactly one from every psi partition, summed cell by cell.
 *
 * Promises: no partition counts twice, partials of different questions never mix, and sums are exact integers below
 * 2^53 or the join fails. Does not: add noise, or tell a number to anyone but the next stage.
 */
import { PavilionError } from "../../runtime/errors.ts";
import type { Cell, ExactAggregate, PartialAggregate } from "../../schemas/avro/index.ts";

/** The sum so far, and the partitions it holds. */
export interface Join extends ExactAggregate {
  readonly joined: readonly number[];
}

/**
 * The join with the partial in it; the same join for a partition that is in it already. `partitions` is the region's
 * count. Throws INTERNAL_ERROR for a partial that does not belong in it; the message names no number.
 */
export function join(before: Join | undefined, partial: PartialAggregate, partitions: number): Join {
  requirePlace(partial, partitions);
  const { request, document, plan, partition } = partial;
  if (before === undefined) {
    requireExact(partial.cells);
    return { request, document, plan, cells: partial.cells, joined: [partition] };
  }
  if (!isSameQuestion(before, partial)) throw unfit("they are of different questions");
  if (before.joined.includes(partition)) return before;
  return { ...before, cells: addCells(before.cells, partial.cells), joined: [...before.joined, partition] };
}

function requirePlace({ partition, partitions }: PartialAggregate, expected: number): void {
  if (partitions === expected && Number.isInteger(partition) && partition >= 0 && partition < expected)
    return;
  throw unfit("one is of another number of partitions");
}

/** By their text: both come from one Avro schema, so that equal ones have equal member order. */
function isSameQuestion(a: ExactAggregate, b: PartialAggregate): boolean {
  const textOf = ({ request, document, plan }: ExactAggregate): string =>
    JSON.stringify([request, document, plan]);
  return textOf(a) === textOf(b);
}

function addCells(sums: readonly Cell[], cells: readonly Cell[]): Cell[] {
  if (sums.length !== cells.length) throw unfit("they have different groups");
  const added = sums.map((sum, index): Cell => {
    const cell = cells[index];
    if (cell?.grouping !== sum.grouping || cell.category !== sum.category) {
      throw unfit("they have different groups");
    }
    return { ...sum, values: addValues(sum.values, cell.values) };
  });
  requireExact(cells);
  requireExact(added);
  return added;
}

function addValues(sums: readonly number[], values: readonly number[]): number[] {
  if (sums.length !== values.length) throw unfit("they have different statistics");
  return sums.map((sum, index) => sum + (values[index] ?? 0));
}

/**
 * Cannot fail on what psi sends: documents/collaboration.ts takes no column whose sum over a full dataset could be
 * inexact, so that no question fails for the data it matches.
 */
function requireExact(cells: readonly Cell[]): void {
  const exact = cells.every(({ values }) =>
    values.every((value) => Number.isSafeInteger(value) && value >= 0),
  );
  if (!exact) throw unfit("a sum is not an exact non-negative integer");
}

function unfit(reason: string): PavilionError {
  return new PavilionError("INTERNAL_ERROR", `Partial aggregates do not join: ${reason}.`);
}
