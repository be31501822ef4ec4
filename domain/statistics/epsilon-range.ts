/**
 * Between which epsilons a question can be served at all, from the question and the terms alone: below, its noise would be
 * so wide that sums are no longer exact; above, so narrow that its δ would be no privacy to speak of.
 */
import { compareFractions, formatFraction, fraction, parseFraction } from "../../crypto/fraction/fraction.ts";
import type { Statistic } from "../../schemas/avro/index.ts";
import type { Collaboration } from "../../schemas/json/collaboration.ts";
import { matchesMax, rangeOf } from "../terms/collaboration.ts";
import { DELTA_MAX, deltaOf, staysExact, widthsOf } from "./mechanism.ts";

interface Asked {
  readonly groupings: readonly unknown[];
  readonly statistics: readonly Pick<Statistic, "sensitivity">[];
}

const MILLION = 1_000_000n;

/** Whether the δ of a release stays small enough. */
export const isPrivate = (plan: Asked & { readonly epsilon: string }): boolean =>
  compareFractions(parseFraction(deltaOf(plan)), DELTA_MAX) <= 0;

/** The largest whole epsilon that the question may take. */
export function epsilonMost({ groupings, statistics }: Asked): string {
  const pairs = BigInt(groupings.length * statistics.length);
  let share = 1n; // of one pair
  while (isPrivate({ epsilon: String((share + 1n) * pairs), groupings, statistics })) share += 1n;
  return String(share * pairs);
}

/**
 * About the least epsilon that the question may take over so many records: rounded up, and of a denominator that the
 * ledger takes. Undefined where there is none. The statistic that one person changes most decides, and its width grows
 * nearly as the scale does: a few widths are worked out, however small the epsilon.
 */
export function epsilonLeast({ groupings, statistics }: Asked, records: number): string | undefined {
  const sensitivity = Math.max(...statistics.map((statistic) => statistic.sensitivity));
  const asked = { groupings, statistics: statistics.map(() => ({ sensitivity })) };
  const room = BigInt(Number.MAX_SAFE_INTEGER) - BigInt(records) * BigInt(sensitivity);
  const most = BigInt(epsilonMost(asked)) * MILLION;
  if (!staysExact({ ...asked, epsilon: millionths(most) }, records)) return undefined;
  let epsilon = most;
  for (let tries = 0; tries < TRIES_MAX; tries += 1) {
    const [width = 0n] = widthsOf({ groupings, statistics: asked.statistics, epsilon: millionths(epsilon) });
    const wanted = roundedUp((epsilon * width) / room + 1n);
    if (wanted < most && !staysExact({ ...asked, epsilon: millionths(wanted) }, records)) epsilon = wanted;
    else return millionths(wanted < most ? wanted : most);
  }
  return millionths(most);
}

const TRIES_MAX = 5;

const millionths = (count: bigint): string => formatFraction(fraction(count, MILLION));

/** To two digits. */
function roundedUp(count: bigint): bigint {
  const step = 10n ** BigInt(Math.max(String(count).length - 2, 0));
  return ((count + step - 1n) / step) * step;
}

/** What of the terms' epsilon for one question could not be served, in sentences for those who are to sign them. */
export function epsilonNotes(document: Collaboration): string[] {
  const limit = document.budget.epsilonPerQuestion;
  const most = epsilonMost({ groupings: [""], statistics: [{ sensitivity: 1 }] });
  const isAbove = (text: string, other: string): boolean =>
    compareFractions(parseFraction(text), parseFraction(other)) > 0;
  const notes = isAbove(limit, most)
    ? [
        `epsilonPerQuestion is ${limit}, and a question of one measure in one grouping is refused above ${most}, where noise hides nobody; one of several takes more`,
      ]
    : [];
  for (const { dataset, columns } of document.providers) {
    for (const column of columns) {
      if (column.kind !== "integer") continue;
      const { lower, upper, nullable } = rangeOf(column, columns);
      const sensitivities = [1, ...(nullable ? [1] : []), upper - lower];
      const statistics = sensitivities.map((sensitivity) => ({ sensitivity }));
      const least = epsilonLeast({ groupings: [""], statistics }, matchesMax(document));
      if (least !== undefined && !isAbove(least, limit)) {
        if (isAbove(least, "1/100"))
          notes.push(`a mean or sum of ${dataset}.${column.name} takes at least epsilon ${least}`);
        continue;
      }
      notes.push(
        `no mean or sum of ${dataset}.${column.name} can be answered at any epsilon up to ${limit}: narrow its bounds, or allow more epsilon or fewer records`,
      );
    }
  }
  return notes;
}
