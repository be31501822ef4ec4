/**
 * Columns that are computed from another column of the same dataset, so that more can be asked of it: squares, which a
 * variance takes beside the sum, and bins, which a histogram groups by. A provider's agent computes them, ingest
 * computes them again; to commitments and sums they are an integer and a category like others.
 *
 * Promises: a derived column always has a value, also where its base has none.
 */
import type { Participant } from "../../schemas/json/collaboration.ts";

export type Column = Participant["columns"][number];
export type IntegerColumn = Extract<Column, { kind: "integer" }>;
export type DerivedColumn = Extract<Column, { kind: "squares" | "bins" }>;
type BinsColumn = Extract<Column, { kind: "bins" }>;

/** Category of a bins column for people of whom its base has no value. */
export const ABSENT = "absent";

export const isDerived = (column: Column): column is DerivedColumn =>
  column.kind === "squares" || column.kind === "bins";

/** The integer column that a derived one is of; undefined where the dataset has none of that name. */
export const baseOf = ({ of }: DerivedColumn, columns: readonly Column[]): IntegerColumn | undefined =>
  columns.find((column): column is IntegerColumn => column.kind === "integer" && column.name === of);

/** The same, of columns that are known to be consistent. Throws Error where there is none. */
export function requireBase(column: DerivedColumn, columns: readonly Column[]): IntegerColumn {
  const base = baseOf(column, columns);
  if (base === undefined) throw new Error("a derived column is of no integer column of its dataset");
  return base;
}

/**
 * The derived column's value for a value of its base: the square of its distance from the lower bound, 0 where it is
 * absent; or its bin's index, the last one where it is absent.
 */
export function derivedValue(column: DerivedColumn, base: IntegerColumn, value: number | null): number {
  if (column.kind === "squares") return value === null ? 0 : (value - base.lower) ** 2;
  if (value === null) return column.edges.length + 1;
  const above = column.edges.findIndex((edge) => value < edge);
  return above < 0 ? column.edges.length : above;
}

/** How each derived column's value, by its index, follows from a record's others. */
export const derivationsOf = (columns: readonly Column[]) =>
  columns.flatMap((column, index) => {
    if (!isDerived(column)) return [];
    const base = requireBase(column, columns);
    const at = columns.indexOf(base);
    const valueFrom = (values: readonly (number | null)[]): number =>
      derivedValue(column, base, values[at] ?? null);
    return [{ index, valueFrom }];
  });

/** Greatest square, reached at the base's upper bound. */
export const greatestSquare = ({ lower, upper }: IntegerColumn): number => (upper - lower) ** 2;

/** A bin: the whole numbers from `lower` to `upper`, both within. */
export interface Bin {
  readonly lower: number;
  readonly upper: number;
}

/** The bins of a column in order: together they are its base's whole range. */
export function binsOf({ edges }: BinsColumn, base: IntegerColumn): Bin[] {
  const starts = [base.lower, ...edges];
  return starts.map((lower, index) => ({ lower, upper: (edges[index] ?? base.upper + 1) - 1 }));
}

/** A bins column's categories in index order, such as `18 to 39`; the last is ABSENT where its base may be absent. */
export const binLabels = (column: BinsColumn, base: IntegerColumn): string[] => [
  ...binsOf(column, base).map(binLabel),
  ...(base.nullable ? [ABSENT] : []),
];

const binLabel = ({ lower, upper }: Bin): string => `${String(lower)} to ${String(upper)}`;

/** The bin that a category names; undefined for one that is no bin. */
export function binIn(category: string): Bin | undefined {
  const [, lower, upper] = /^(-?[0-9]{1,10}) to (-?[0-9]{1,10})$/.exec(category) ?? [];
  return lower === undefined || upper === undefined
    ? undefined
    : { lower: Number(lower), upper: Number(upper) };
}

/** Whether every bin has a whole number in it: the edges grow, from above the base's lower bound to its upper. */
export const areOrdered = ({ edges }: BinsColumn, { lower, upper }: IntegerColumn): boolean =>
  edges.every((edge, index) => edge > (edges[index - 1] ?? lower) && edge <= upper);
