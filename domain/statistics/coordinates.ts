/**
 * The coordinates of a record: the integers that its commitment commits to, and that a match sums. Coordinate 0 is the
 * count, 1 for every record; then, column by column as declared: an integer's or flag's value minus its lower bound,
 * 0 where it is absent, and after it 1 or 0 for whether it is there where it may be absent; a category as one
 * coordinate for each of the domain, 1 at its own and 0 at the others.
 *
 * Promises: every coordinate is a non-negative integer at most upper minus lower bound; sums over people are sums of
 * coordinates, so that a commitment to the sums is the sum of the commitments.
 */
import type { CommittedColumn, Plan, Statistic } from "../../schemas/avro/index.ts";
import { digestOf } from "../../crypto/jws/canonical.ts";
import { rangeOf } from "../terms/collaboration.ts";
import type { Column } from "./derived-columns.ts";

/** A record's values by declared column; null where absent. */
export type Values = readonly (number | null)[];

/** Where a column's coordinates stand in its slot: `first`, and for nullable ones `valid`. */
export interface ColumnPlace {
  readonly first: number;
  readonly valid?: number;
}

/** A coordinate of one slot. */
export interface Coordinate {
  readonly slot: number;
  readonly index: number;
}

/** As what a column is committed to: derived ones are like others. */
const committedKinds: Readonly<Record<Column["kind"], "integer" | "flag" | "category">> = {
  integer: "integer",
  flag: "flag",
  category: "category",
  squares: "integer",
  bins: "category",
};

/** What sums depend on of each declared column. */
export const committedColumns = (columns: readonly Column[]): CommittedColumn[] =>
  columns.map((column) => ({ kind: committedKinds[column.kind], ...rangeOf(column, columns) }));

/** What a manifest pins of the dataset's schema and bounds. */
export const columnsDigest = (columns: readonly Column[]): string => digestOf(columns);

/** Places in column order, and the slot's number of coordinates. */
export function placesOf(columns: readonly CommittedColumn[]): { places: ColumnPlace[]; width: number } {
  let width = 1;
  const places = columns.map(({ kind, upper, nullable }): ColumnPlace => {
    const first = width;
    width += kind === "category" ? upper + 1 : 1;
    if (kind === "category" || !nullable) return { first };
    width += 1;
    return { first, valid: width - 1 };
  });
  return { places, width };
}

/** Adds a record's coordinates to the sums, which start at `offset` for its slot. The values keep to their columns. */
export function addCoordinates(
  sums: Float64Array | number[],
  offset: number,
  values: Values,
  columns: readonly CommittedColumn[],
  places: readonly ColumnPlace[],
): void {
  const add = (coordinate: number, amount: number): void => {
    sums[offset + coordinate] = (sums[offset + coordinate] ?? 0) + amount;
  };
  add(0, 1);
  for (const [index, { kind, lower }] of columns.entries()) {
    const value = values[index] ?? null;
    const place = places[index];
    if (value === null || place === undefined) continue;
    if (kind === "category") add(place.first + value, 1);
    else add(place.first, value - lower);
    if (place.valid !== undefined) add(place.valid, 1);
  }
}

/** A record's coordinates, one list for its slot. */
export function coordinatesOf(values: Values, columns: readonly CommittedColumn[]): number[] {
  const { places, width } = placesOf(columns);
  const coordinates = Array.from({ length: width }, () => 0);
  addCoordinates(coordinates, 0, values, columns, places);
  return coordinates;
}

/** The coordinates of a plan: where each slot starts in a list of sums, and how long that list is. */
export interface Layout {
  readonly slots: readonly {
    readonly offset: number;
    readonly width: number;
    readonly places: ColumnPlace[];
  }[];
  readonly length: number;
}

export function layoutOf(plan: Pick<Plan, "datasets">): Layout {
  let length = 0;
  const slots = plan.datasets.map(({ columns }) => {
    const { places, width } = placesOf(columns);
    const offset = length;
    length += width;
    return { offset, width, places };
  });
  return { slots, length };
}

/** A list of sums as one list a slot. */
export const bySlot = (sums: readonly number[], { slots }: Layout): number[][] =>
  slots.map(({ offset, width }) => sums.slice(offset, offset + width));

/** Place of a coordinate in a list of sums. */
export const positionOf = ({ slot, index }: Coordinate, { slots }: Layout): number =>
  (slots[slot]?.offset ?? Number.NaN) + index;

/** The coordinate whose sum a statistic is. Throws Error for a statistic that is none of the plan's. */
export function coordinateOf(statistic: Statistic, plan: Pick<Plan, "datasets">): Coordinate {
  if (statistic.kind === "count") return { slot: 0, index: 0 };
  const { slot, place } = columnPlace(statistic, plan);
  if (statistic.kind === "sum" || statistic.kind === "squares") return { slot, index: place.first };
  if (statistic.kind === "valid" && place.valid !== undefined) return { slot, index: place.valid };
  throw new Error("a statistic is of an unknown kind");
}

/** The coordinate that is 1 for people of a category; undefined for the grouping of everybody. */
export function categoryCoordinate(
  grouping: { readonly dataset: string | null; readonly column: number | null },
  category: number,
  plan: Pick<Plan, "datasets">,
): Coordinate | undefined {
  if (grouping.dataset === null) return undefined;
  const { slot, place } = columnPlace(grouping, plan);
  return { slot, index: place.first + category };
}

function columnPlace(
  { dataset, column }: { readonly dataset: string | null; readonly column: number | null },
  plan: Pick<Plan, "datasets">,
): { slot: number; place: ColumnPlace } {
  const slot = plan.datasets.findIndex((pinned) => pinned.dataset === dataset);
  const place = placesOf(plan.datasets[slot]?.columns ?? []).places[column ?? -1];
  if (place === undefined) throw new Error("it names a column that no pinned dataset has");
  return { slot, place };
}
