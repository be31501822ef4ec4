/**
 * The release of an exact aggregate: discrete Laplace noise on every statistic of every group, then suppression.
 * See README.md for the privacy argument.
 *
 * Promises: scales follow from the plan alone; which groups stand in a release never depends on a record, only
 * whether their values do, on the noised count. Does not: pay.
 */
import { coordinateOf, layoutOf, positionOf } from "../../domain/statistics/coordinates.ts";
import { scalesOf, widthsOf } from "../../domain/statistics/mechanism.ts";
import type { Cell, ExactAggregate, Plan, ReleasedCell } from "../../schemas/avro/index.ts";
import { drawNoise, type NoiseSource } from "./noise.ts";

/**
 * The exact cells in the plan's order: one for each category of each grouping, one non-negative integer below 2^53
 * for each coordinate. Undefined where it is otherwise.
 */
export function inPlanOrder({ plan, cells }: Pick<ExactAggregate, "plan" | "cells">): Cell[] | undefined {
  const found = new Map(
    cells.map((cell) => [`${cell.grouping.toString()}/${cell.category.toString()}`, cell]),
  );
  const { length } = layoutOf(plan);
  const ordered: Cell[] = [];
  for (const [grouping, { categories }] of plan.groupings.entries()) {
    for (const category of categories.keys()) {
      const cell = found.get(`${grouping.toString()}/${category.toString()}`);
      if (cell?.sums.length !== length || !cell.sums.every(isExact)) return undefined;
      ordered.push(cell);
    }
  }
  return ordered.length === cells.length ? ordered : undefined;
}

const isExact = (value: number): boolean => Number.isSafeInteger(value) && value >= 0;

/** Every cell with its noise; small ones without their values. `digest` is the request's. */
export async function noised(
  cells: readonly Cell[],
  digest: string,
  plan: Plan,
  source: NoiseSource,
): Promise<ReleasedCell[]> {
  const layout = layoutOf(plan);
  const scales = scalesOf(plan);
  const widths = widthsOf(plan);
  const released: ReleasedCell[] = [];
  for (const { grouping, category, sums } of cells) {
    const values: number[] = [];
    for (const [index, statistic] of plan.statistics.entries()) {
      const scale = scales[index];
      const width = widths[index];
      const exact = sums[positionOf(coordinateOf(statistic, plan), layout)];
      if (scale === undefined || width === undefined || exact === undefined)
        throw new Error("a cell lacks a statistic of its plan");
      const draw = { digest, plan, grouping, category, statistic: statistic.name };
      // Safe: compliance lets no plan through whose sums and noise could together leave 53 bits.
      values.push(exact + Number(await drawNoise(draw, scale, width, source)));
    }
    released.push(suppressSmall({ grouping, category, suppressed: false, values }, plan.minimumGroup));
  }
  return released;
}

/** Post-processing: the noised count, always the first statistic, decides. */
function suppressSmall(cell: ReleasedCell, minimumGroup: number): ReleasedCell {
  const [count] = cell.values;
  const small = count === undefined || count < minimumGroup;
  return small ? { ...cell, suppressed: true, values: [] } : cell;
}
