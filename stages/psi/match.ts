/**
 * The match and its exact sums in one partition, in one pass over the smallest pinned dataset: a person counts where
 * every pinned dataset has a record under the same token.
 *
 * Promises: one cell for every category of every grouping, zeros included, in the plan's order; a person is in exactly
 * one cell of each grouping and changes no statistic by more than the sensitivity that noise is scaled to, or the
 * question fails. Does not: say which records matched, or hide from its own process how long it took.
 */
import { PavilionError } from "../../runtime/errors.ts";
import type { Cell, Grouping, Plan, Statistic } from "../../schemas/avro/index.ts";

/** One dataset's values for a person, by declared column; null where absent. */
export type Values = readonly (number | null)[];

/** A pinned dataset's records in this partition, by token. */
export interface DatasetRecords {
  /** How many there are. The match starts from the smallest dataset; its result does not depend on it. */
  readonly count: number;
  entries(): Iterable<readonly [token: string, values: Values]>;
  valuesOf(token: string): Values | undefined;
}

/**
 * `records` stand in the order of the plan's datasets. Throws INTERNAL_ERROR for a plan that the records do not fit;
 * the message names no value.
 */
export function match(records: readonly DatasetRecords[], plan: Plan): Cell[] {
  const datasets = plan.datasets.map(({ dataset }) => dataset);
  const statistics = plan.statistics.map((statistic) => statisticOf(statistic, datasets));
  const groupings = plan.groupings.map((grouping) => groupingOf(grouping, datasets));
  const sums = plan.groupings.map(
    ({ categories }) => new Float64Array(categories.length * statistics.length),
  );
  const shares = new Float64Array(statistics.length);
  for (const matched of join(records)) {
    for (const [index, statistic] of statistics.entries()) shares[index] = statistic(matched);
    for (const [index, grouping] of groupings.entries()) add(sums[index], grouping(matched), shares);
  }
  return cellsOf(plan, sums);
}

/** The values of every person whom all datasets have, dataset by dataset; the list is the same one each time. */
function* join(records: readonly DatasetRecords[]): Iterable<readonly Values[]> {
  const smallest = records.reduce<DatasetRecords | undefined>(
    (least, dataset) => (least === undefined || dataset.count < least.count ? dataset : least),
    undefined,
  );
  if (smallest === undefined) throw unfit("it pins no dataset");
  const matched: Values[] = [];
  for (const [token, own] of smallest.entries()) {
    const complete = records.every((dataset, slot) => {
      const values = dataset === smallest ? own : dataset.valuesOf(token);
      if (values !== undefined) matched[slot] = values;
      return values !== undefined;
    });
    if (complete) yield matched;
  }
}

function add(sums: Float64Array | undefined, category: number, shares: Float64Array): void {
  if (sums === undefined) return;
  const start = category * shares.length;
  for (let index = 0; index < shares.length; index++) {
    sums[start + index] = (sums[start + index] ?? 0) + (shares[index] ?? 0);
  }
}

function statisticOf(
  statistic: Statistic,
  datasets: readonly string[],
): (matched: readonly Values[]) => number {
  if (statistic.kind === "count") return () => 1;
  const valueOf = columnOf(statistic, datasets);
  if (statistic.kind === "valid") return (matched) => (valueOf(matched) === null ? 0 : 1);
  if (statistic.kind !== "sum") throw unfit("it has a statistic of an unknown kind");
  const { lower, sensitivity } = statistic;
  return (matched) => {
    const value = valueOf(matched);
    if (value === null) return 0;
    const share = value - lower;
    if (!Number.isSafeInteger(share) || share < 0 || share > sensitivity)
      throw unfit("a value is out of bounds");
    return share;
  };
}

function groupingOf(grouping: Grouping, datasets: readonly string[]): (matched: readonly Values[]) => number {
  if (grouping.dataset === null) return () => 0;
  const valueOf = columnOf(grouping, datasets);
  const categories = grouping.categories.length;
  return (matched) => {
    const category = valueOf(matched);
    if (category === null || !Number.isInteger(category) || category < 0 || category >= categories) {
      throw unfit("a person is in no category of a grouping");
    }
    return category;
  };
}

function columnOf(
  { dataset, column }: { readonly dataset: string | null; readonly column: number | null },
  datasets: readonly string[],
): (matched: readonly Values[]) => number | null {
  const slot = dataset === null ? -1 : datasets.indexOf(dataset);
  if (slot < 0 || column === null) throw unfit("it names a column of no pinned dataset");
  return (matched) => {
    const value = matched[slot]?.[column];
    if (value === undefined) throw unfit("a record lacks a column");
    return value;
  };
}

function cellsOf(plan: Plan, sums: readonly Float64Array[]): Cell[] {
  const width = plan.statistics.length;
  return sums.flatMap((table, grouping) =>
    Array.from({ length: table.length / width }, (_, category) => {
      const values = [...table.subarray(category * width, (category + 1) * width)];
      // Cannot happen: documents/collaboration.ts takes no column whose sum over a full dataset could be inexact.
      if (!values.every(Number.isSafeInteger)) throw unfit("a sum is too large to be exact");
      return { grouping, category, values };
    }),
  );
}

function unfit(reason: string): PavilionError {
  return new PavilionError("INTERNAL_ERROR", `The question's plan does not fit the data: ${reason}.`);
}
