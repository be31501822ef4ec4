/**
 * Joins the partial aggregates of one request: exactly one from every psi partition, summed cell by cell.
 *
 * Promises: no partition counts twice, partials of different questions never mix, sums are exact integers below 2^53 or
 * the join fails, and blindings add up as the sums do. Does not: add noise, or tell a number to anyone but the next
 * stage.
 */
import { decodeScalar, encodeScalar, ORDER } from "../../crypto/commitment/commitment.ts";
import { PavilionError } from "../../errors/errors.ts";
import type { Cell, PartialAggregate, Plan, RequestRef } from "../../schemas/avro/index.ts";

/** A cell as state holds it: JSON. */
interface JoinedCell extends Omit<Cell, "blinding"> {
  /** 64 hex digits. */
  readonly blinding: string;
}

/** The sum so far. */
export interface Join {
  readonly request: RequestRef;
  readonly document: string;
  readonly plan: Plan;
  readonly cells: readonly JoinedCell[];
  /** The partitions that it holds, each with the digest of its list of matched leaves. */
  readonly joined: Readonly<Record<string, string>>;
}

/**
 * The join with the partial in it; the same join for a partition that is in it already. `partitions` is the region's
 * count. Throws INTERNAL_ERROR for a partial that does not belong in it; the message names no number.
 */
export function join(before: Join | undefined, partial: PartialAggregate, partitions: number): Join {
  requirePlace(partial, partitions);
  const { request, document, plan, partition, preimage } = partial;
  const cells = partial.cells.map((cell): JoinedCell => ({
    ...cell,
    blinding: cell.blinding.toString("hex"),
  }));
  requireExact(cells);
  if (before === undefined) {
    return { request, document, plan, cells, joined: { [partition]: preimage } };
  }
  if (!isSameQuestion(before, partial)) throw unfit("they are of different questions");
  if (partition in before.joined) return before;
  const joined = { ...before.joined, [partition]: preimage };
  return { ...before, cells: addCells(before.cells, cells), joined };
}

/** How many partitions are in it. */
export const joinedCount = ({ joined }: Join): number => Object.keys(joined).length;

function requirePlace({ partition, partitions }: PartialAggregate, expected: number): void {
  if (partitions === expected && Number.isInteger(partition) && partition >= 0 && partition < expected)
    return;
  throw unfit("one is of a different number of partitions");
}

/** By their text: both come from one Avro schema, so that equal ones have equal member order. */
function isSameQuestion(a: Join, b: PartialAggregate): boolean {
  const textOf = ({ request, document, plan }: Pick<Join, "request" | "document" | "plan">): string =>
    JSON.stringify([request, document, plan]);
  return textOf(a) === textOf(b);
}

function addCells(sums: readonly JoinedCell[], cells: readonly JoinedCell[]): JoinedCell[] {
  if (sums.length !== cells.length) throw unfit("they have different groups");
  const added = sums.map((sum, index): JoinedCell => {
    const cell = cells[index];
    if (cell?.grouping !== sum.grouping || cell.category !== sum.category) {
      throw unfit("they have different groups");
    }
    const blinding = (scalarIn(sum.blinding) + scalarIn(cell.blinding)) % ORDER;
    return {
      ...sum,
      sums: addSums(sum.sums, cell.sums),
      blinding: Buffer.from(encodeScalar(blinding)).toString("hex"),
    };
  });
  requireExact(added);
  return added;
}

const scalarIn = (hex: string): bigint => decodeScalar(Buffer.from(hex, "hex"));

function addSums(sums: readonly number[], others: readonly number[]): number[] {
  if (sums.length !== others.length) throw unfit("they have different coordinates");
  return sums.map((sum, index) => sum + (others[index] ?? 0));
}

/**
 * Cannot fail on what psi sends: domain/terms/collaboration.ts takes no column whose sum over a full dataset could be
 * inexact, so that no question fails for the data it matches.
 */
function requireExact(cells: readonly JoinedCell[]): void {
  const exact = cells.every(({ sums }) => sums.every((sum) => Number.isSafeInteger(sum) && sum >= 0));
  if (!exact) throw unfit("a sum is not an exact non-negative integer");
}

function unfit(reason: string): PavilionError {
  return new PavilionError("INTERNAL_ERROR", `Partial aggregates do not join: ${reason}.`);
}
