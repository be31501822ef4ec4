/**
 * The release of an exact aggregate: discrete Laplace noise on every statistic of every group, then suppression.
 * See README.md for the privacy argument.
 *
 * Promises: scales follow from the plan alone; which groups stand in a release never depends on a record, only
 * whether their values do, on the noised count. Does not: pay.
 */
import {
  divideFractions,
  formatFraction,
  fraction,
  multiplyFractions,
  parseFraction,
  type Fraction,
} from "../../crypto/fraction/fraction.ts";
import type { Cell, ExactAggregate, Plan, ReleasedCell } from "../../schemas/avro/index.ts";
import { drawNoise, type NoiseSource } from "./noise.ts";

const LARGEST = BigInt(Number.MAX_SAFE_INTEGER);

/** Scale of the noise per statistic: sensitivity * groupings * statistics / epsilon, exactly. */
export const scalesFor = (plan: Plan): string[] => scalesOf(plan).map(formatFraction);

function scalesOf({ epsilon, groupings, statistics }: Plan): Fraction[] {
  const shares = fraction(BigInt(groupings.length) * BigInt(statistics.length));
  const perSensitivity = divideFractions(shares, parseFraction(epsilon));
  return statistics.map(({ sensitivity }) =>
    multiplyFractions(fraction(BigInt(sensitivity)), perSensitivity),
  );
}

/**
 * The exact cells in the plan's order: one for each category of each grouping, one non-negative integer below 2^53
 * for each statistic. Undefined where it is otherwise.
 */
export function inPlanOrder({ plan, cells }: ExactAggregate): Cell[] | undefined {
  const found = new Map(
    cells.map((cell) => [`${cell.grouping.toString()}/${cell.category.toString()}`, cell]),
  );
  const ordered: Cell[] = [];
  for (const [grouping, { categories }] of plan.groupings.entries()) {
    for (const category of categories.keys()) {
      const cell = found.get(`${grouping.toString()}/${category.toString()}`);
      if (cell?.values.length !== plan.statistics.length || !cell.values.every(isExact)) return undefined;
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
  const scales = scalesOf(plan);
  const released: ReleasedCell[] = [];
  for (const { grouping, category, values: exact } of cells) {
    const values: number[] = [];
    for (const [index, { name: statistic }] of plan.statistics.entries()) {
      const scale = scales[index];
      const value = exact[index];
      if (scale === undefined || value === undefined) throw new Error("a cell lacks a statistic of its plan");
      const noise = await drawNoise({ digest, plan, grouping, category, statistic }, scale, source);
      values.push(held(BigInt(value) + noise));
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

/** Post-processing: an integer that events carry without loss. */
function held(value: bigint): number {
  if (value > LARGEST) return Number.MAX_SAFE_INTEGER;
  return value < -LARGEST ? -Number.MAX_SAFE_INTEGER : Number(value);
}
