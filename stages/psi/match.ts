/**
 * The match and its exact sums in one partition, in one pass over the smallest pinned dataset: a person counts where
 * every pinned dataset has a record under the same token.
 *
 * Promises: one cell for every category of every grouping, zeros included, in the plan's order; a cell's sums are of
 * every coordinate that was committed to, and its blinding is the sum of the records' own, so that the commitment to
 * the sums is the sum of the commitments; a person is in exactly one cell of each grouping and changes no statistic by
 * more than the sensitivity that noise is scaled to, or the question fails. Does not: say which records matched to
 * anybody but the caller, or hide from its own process how long it took.
 */
import { encodeScalar, ORDER } from "../../crypto/commitment/commitment.ts";
import { addCoordinates, layoutOf, type Layout, type Values } from "../../domain/statistics/coordinates.ts";
import { PavilionError } from "../../errors/errors.ts";
import type { Cell, Grouping, Plan } from "../../schemas/avro/index.ts";

/** A record of one person: values by declared column, its blinding in hex, and the leaf's batch and row. */
export type StoredRecord = readonly [values: Values, blinding: string, sequence: number, row: number];

/** A pinned dataset's records in this partition, by token. */
export interface DatasetRecords {
  /** How many there are. The match starts from the smallest dataset; its result does not depend on it. */
  readonly count: number;
  entries(): Iterable<readonly [token: string, record: StoredRecord]>;
  recordOf(token: string): StoredRecord | undefined;
}

/** A person who matched: the category of each grouping, and the leaf, batch and row, in each slot. */
export interface MatchedPerson {
  readonly categories: readonly number[];
  readonly leaves: readonly (readonly [sequence: number, row: number])[];
}

export interface Match {
  readonly cells: Cell[];
  readonly people: MatchedPerson[];
}

/** Sums under way of one grouping: coordinate by coordinate, category by category, and each category's blinding. */
interface Table {
  readonly categoryOf: (matched: readonly StoredRecord[]) => number;
  readonly sums: Float64Array;
  readonly blindings: bigint[];
}

/**
 * `records` stand in the order of the plan's datasets. Throws INTERNAL_ERROR for a plan that the records do not fit;
 * the message names no value.
 */
export function match(records: readonly DatasetRecords[], plan: Plan): Match {
  const layout = layoutOf(plan);
  const tables = plan.groupings.map((grouping): Table => ({
    categoryOf: categoryIn(grouping, plan),
    sums: new Float64Array(grouping.categories.length * layout.length),
    blindings: grouping.categories.map(() => 0n),
  }));
  const people: MatchedPerson[] = [];
  const person = new Float64Array(layout.length);
  for (const matched of join(records)) {
    sumPerson(person, matched, plan, layout);
    const blinding = matched.reduce((sum, [, text]) => sum + BigInt(`0x${text}`), 0n);
    const categories = tables.map((table) => table.categoryOf(matched));
    for (const [index, table] of tables.entries()) add(table, categories[index] ?? 0, person, blinding);
    people.push({ categories, leaves: matched.map(([, , sequence, row]) => [sequence, row]) });
  }
  return { cells: cellsOf(tables, layout), people };
}

/** The records of every person whom all datasets have, dataset by dataset; the list is the same one each time. */
function* join(records: readonly DatasetRecords[]): Iterable<readonly StoredRecord[]> {
  const smallest = records.reduce<DatasetRecords | undefined>(
    (least, dataset) => (least === undefined || dataset.count < least.count ? dataset : least),
    undefined,
  );
  if (smallest === undefined) throw unfit("it pins no dataset");
  const matched: StoredRecord[] = [];
  for (const [token, own] of smallest.entries()) {
    const complete = records.every((dataset, slot) => {
      const record = dataset === smallest ? own : dataset.recordOf(token);
      if (record !== undefined) matched[slot] = record;
      return record !== undefined;
    });
    if (complete) yield matched;
  }
}

/** One person's coordinates in every slot, in place of the last one's. */
function sumPerson(
  person: Float64Array,
  matched: readonly StoredRecord[],
  { datasets }: Plan,
  { slots }: Layout,
): void {
  person.fill(0);
  for (const [slot, { columns }] of datasets.entries()) {
    const [values] = matched[slot] ?? [[]];
    const place = slots[slot];
    if (place === undefined || !fits(values, columns)) throw unfit("a value is out of bounds");
    addCoordinates(person, place.offset, values, columns, place.places);
  }
}

/** Whether every value lies in its column's range: what noise is scaled to, and what the commitment's bounds say. */
function fits(values: Values, columns: Plan["datasets"][number]["columns"]): boolean {
  return (
    values.length === columns.length &&
    columns.every(({ lower, upper, nullable }, index) => {
      const value = values[index] ?? null;
      if (value === null) return nullable;
      return Number.isSafeInteger(value) && value >= lower && value <= upper;
    })
  );
}

function add({ sums, blindings }: Table, category: number, person: Float64Array, blinding: bigint): void {
  const start = category * person.length;
  for (let index = 0; index < person.length; index++) {
    sums[start + index] = (sums[start + index] ?? 0) + (person[index] ?? 0);
  }
  blindings[category] = (blindings[category] ?? 0n) + blinding;
}

function categoryIn(
  { dataset, column, categories }: Grouping,
  plan: Plan,
): (matched: readonly StoredRecord[]) => number {
  if (dataset === null) return () => 0;
  const slot = plan.datasets.findIndex((pinned) => pinned.dataset === dataset);
  if (slot < 0 || column === null) throw unfit("it names a column that no pinned dataset has");
  return (matched) => {
    const category = matched[slot]?.[0][column] ?? null;
    if (category === null || !Number.isInteger(category) || category < 0 || category >= categories.length) {
      throw unfit("a person is in no category of a grouping");
    }
    return category;
  };
}

function cellsOf(tables: readonly Table[], { length }: Layout): Cell[] {
  return tables.flatMap(({ sums, blindings }, grouping) =>
    blindings.map((blinding, category) => {
      const own = [...sums.subarray(category * length, (category + 1) * length)];
      // Cannot happen: domain/terms/collaboration.ts takes no column whose sum over a full dataset could be inexact.
      if (!own.every(Number.isSafeInteger)) throw unfit("a sum is too large to be exact");
      return { grouping, category, sums: own, blinding: Buffer.from(encodeScalar(blinding % ORDER)) };
    }),
  );
}

function unfit(reason: string): PavilionError {
  return new PavilionError("INTERNAL_ERROR", `The question's plan does not fit the data: ${reason}.`);
}
