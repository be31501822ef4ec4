/**
 * The noise of a plan, from the plan alone: the scale of each statistic, and the width that its noise keeps to.
 *
 * Neighbours differ by one person, added or removed. A question has g groupings and s statistics, and each pair takes
 * ε / (g·s): noise is discrete Laplace at scale Δ·g·s/ε, for a statistic that one person changes by at most Δ. A draw
 * beyond the width, whose chance is at most 2^-100, is drawn again: proofs show that noise lies within it. What one
 * person's presence can make possible at all lies within Δ of the width's ends, with a chance of at most
 * e^(ε/(g·s)) · 2^-100 / (1 − 2^-100) for each pair: that is the δ beside the ε.
 */
import {
  compareFractions,
  divideFractions,
  formatFraction,
  fraction,
  multiplyFractions,
  parseFraction,
  type Fraction,
} from "../../crypto/fraction/fraction.ts";
import { errorBound } from "../../crypto/laplace/laplace.ts";
import type { Statistic } from "../../schemas/avro/index.ts";

/** What of a plan noise depends on. */
interface Mechanism {
  readonly epsilon: string;
  readonly groupings: readonly unknown[];
  readonly statistics: readonly Pick<Statistic, "sensitivity">[];
}

/** One minus the chance that a draw lies beyond the width. */
const WITHIN_WIDTH = fraction(2n ** 100n - 1n, 2n ** 100n);
/** 2^-100, with a factor of two to spare for what the conditioning adds. */
const TAIL = fraction(1n, 2n ** 99n);
const ONE = fraction(1n);
/** 3^63 is above 2^99. */
const SHARE_MAX = 63n;

/** Scale of the noise per statistic: sensitivity * groupings * statistics / epsilon, exactly. */
export function scalesOf({ epsilon, groupings, statistics }: Mechanism): Fraction[] {
  const shares = fraction(BigInt(groupings.length) * BigInt(statistics.length));
  const perSensitivity = divideFractions(shares, parseFraction(epsilon));
  return statistics.map(({ sensitivity }) =>
    multiplyFractions(fraction(BigInt(sensitivity)), perSensitivity),
  );
}

/** The same as texts, such as `12` or `25/2`. */
export const scalesFor = (plan: Mechanism): string[] => scalesOf(plan).map(formatFraction);

/** The width of each statistic's noise: no draw is larger, in either direction. */
export function widthsOf(plan: Mechanism): bigint[] {
  const known = new Map<string, bigint>();
  return scalesOf(plan).map((scale) => {
    const text = formatFraction(scale);
    const width = known.get(text) ?? errorBound(scale, WITHIN_WIDTH);
    known.set(text, width);
    return width;
  });
}

/** Whether a sum over so many records and its noise stay below 2^53 whatever the data: what leaves is exact, and can be proven. */
export const staysExact = (plan: Mechanism, records: number): boolean =>
  widthsOf(plan).every(
    (width, index) =>
      width + BigInt(records) * BigInt(plan.statistics[index]?.sensitivity ?? 0) <
      BigInt(Number.MAX_SAFE_INTEGER),
  );

/** A δ above this is no privacy to speak of, and let through by no plan; with an epsilon below 30 it is far smaller. */
export const DELTA_MAX = fraction(1n, 2n ** 40n);
/** Most groupings times most statistics of a question: a count, and three for each of eight measures. */
const PAIRS_MAX = 4n * 25n;

/** The greatest δ of a release of that ε, whatever was asked: for releases of which no more is known. */
export function greatestDelta(epsilon: string): string {
  let greatest = fraction(0n);
  for (let pairs = 1n; pairs <= PAIRS_MAX; pairs++) {
    const delta = deltaFor(epsilon, pairs);
    if (compareFractions(delta, greatest) > 0) greatest = delta;
  }
  return formatFraction(compareFractions(greatest, DELTA_MAX) < 0 ? greatest : DELTA_MAX);
}

/** The δ of a release, a fraction, rounded up: 3 stands for e, and a whole number for ε / (g·s). At most one. */
export function deltaOf({ epsilon, groupings, statistics }: Mechanism): string {
  return formatFraction(deltaFor(epsilon, BigInt(groupings.length) * BigInt(statistics.length)));
}

function deltaFor(epsilon: string, pairs: bigint): Fraction {
  const { numerator, denominator } = parseFraction(epsilon);
  const share = (numerator + denominator * pairs - 1n) / (denominator * pairs);
  // An epsilon may be as large as a collaboration likes: beyond this its power is above 2^99, and too large to compute.
  if (share >= SHARE_MAX) return ONE;
  const delta = multiplyFractions(fraction(pairs * 3n ** share), TAIL);
  return compareFractions(delta, ONE) < 0 ? delta : ONE;
}
