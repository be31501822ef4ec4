/**
 * What the proof of a group opens, and what it peels off. A group's commitment C' is to the sums of every coordinate of
 * every slot. A proof has room for the count and two more statistics, so a plan of more has several parts a group.
 *
 * The part's bases are the generators of what it opens: the count's base joins the count of every slot, and where the
 * group is a category that category's coordinate: who opens it to one number shows that all slots hold equally many
 * people, all of that category. Every other coordinate is peeled off as a remainder R over exactly those generators.
 */
import { addPoints, generator, type Point } from "../../crypto/commitment/commitment.ts";
import { canonicalBytes } from "../../crypto/jws/canonical.ts";
import type { Grouping, Plan, Statistic } from "../../schemas/avro/index.ts";
import { categoryCoordinate, coordinateOf, layoutOf, positionOf, type Coordinate } from "./coordinates.ts";

/** Statistics that one proof opens beside the count. */
const BESIDE_COUNT = 2;

/** One part of a group's release. */
export interface Part {
  readonly part: number;
  /** Indices of its statistics in the plan; the first is the count's. */
  readonly statistics: readonly number[];
}

/** The coordinates of a part in one group. */
export interface Opening {
  /** For each of the part's statistics, the coordinates whose generators make its base. */
  readonly opened: readonly (readonly Coordinate[])[];
  /** All others, in slot and index order. */
  readonly peeled: readonly Coordinate[];
}

/** The parts of every group of a plan, in order. */
export function partsOf({ statistics }: { readonly statistics: readonly Statistic[] }): Part[] {
  const parts: Part[] = [];
  for (let first = 1; first < statistics.length || parts.length === 0; first += BESIDE_COUNT) {
    const others = [first, first + 1].filter((index) => index < statistics.length);
    parts.push({ part: parts.length, statistics: [0, ...others] });
  }
  return parts;
}

/** What a part opens and peels off in a group. */
export function openingOf(plan: Plan, grouping: Grouping, category: number, part: Part): Opening {
  const opened = part.statistics.map((index) => {
    const statistic = plan.statistics[index];
    if (statistic === undefined) throw new Error("a part names a statistic that its plan lacks");
    if (statistic.kind !== "count") return [coordinateOf(statistic, plan)];
    const counts = plan.datasets.map((_, slot): Coordinate => ({ slot, index: 0 }));
    const own = categoryCoordinate(grouping, category, plan);
    return own === undefined ? counts : [...counts, own];
  });
  const layout = layoutOf(plan);
  const taken = new Set(opened.flat().map((coordinate) => positionOf(coordinate, layout)));
  const peeled = layout.slots.flatMap(({ width }, slot) =>
    Array.from({ length: width }, (_, index): Coordinate => ({ slot, index })).filter(
      (coordinate) => !taken.has(positionOf(coordinate, layout)),
    ),
  );
  return { opened, peeled };
}

/** The part's bases, one for each of its statistics. */
export const basesOf = ({ opened }: Opening): Point[] =>
  opened.map((coordinates) => addPoints(coordinates.map(({ slot, index }) => generator(slot, index))));

/** What the remainder's proof is bound to: this match, group and part. */
export const remainderContext = (
  matchLeaf: string,
  grouping: number,
  category: number,
  { part }: Part,
  commitment: string,
): Uint8Array => canonicalBytes(["pavilion/remainder/v1", matchLeaf, grouping, category, part, commitment]);

/** A group's number in a proof's public signals. */
export const groupNumber = (grouping: number, category: number): number => grouping * 65_536 + category;
