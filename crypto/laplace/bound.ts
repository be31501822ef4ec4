/**
 * How far a discrete Laplace draw strays: an error bound for a released value, in integers, rounded outward.
 *
 * P(|X| > k) = 2 q^(k+1) / (1 + q) with q = e^(−1/t) for the scale t. Exponentials are enclosed between two integers over
 * 2^precision, every step rounded away from the true value, and a k is returned only if the enclosure proves it.
 */
import { CryptoError } from "../errors.ts";
import { type Fraction, formatFraction, fraction, subtractFractions } from "../fraction/fraction.ts";
import { requireScale } from "./sampler.ts";

/** The terms of a confidence lie below 2^128. */
const CONFIDENCE_BITS_MAX = 128;

/** Enough that what the squarings below lose stays far under the smallest tail that can be asked for, 2^-128. */
const PRECISION = 512;
const ONE = 1n << BigInt(PRECISION);

/** 2^-n / n! is below 2^-512 from n = 82 on. */
const TERMS = 96;
/** The largest bound is below 2^128 · ln(2^129) < 2^135. */
const DOUBLINGS_MAX = 136;

/** So many bounds are remembered: the same few scales and confidences are asked for with every question. */
const KNOWN_MAX = 1_000;
const known = new Map<string, bigint>();

/** Two integers over 2^PRECISION that enclose a value. */
interface Enclosure {
  readonly low: bigint;
  readonly high: bigint;
}

/**
 * The smallest k with P(|X| > k) ≤ 1 − confidence, for X of the given scale and 0 ≤ confidence < 1. Public. Where the two sides
 * agree in 360 binary digits it may be the next k, never a smaller one. Throws LAPLACE_SCALE_INVALID and
 * LAPLACE_CONFIDENCE_INVALID.
 */
export function errorBound(scale: Fraction, confidence: Fraction): bigint {
  requireScale(scale);
  requireConfidence(confidence);
  const name = [scale, confidence].map(formatFraction).join(" ");
  const bound = known.get(name) ?? smallestBound(scale, subtractFractions(fraction(1n), confidence));
  known.set(name, bound);
  const [oldest] = known.keys();
  if (known.size > KNOWN_MAX && oldest !== undefined) known.delete(oldest);
  return bound;
}

/** Looks from an estimate outward: what is proven does not depend on it. */
function smallestBound(scale: Fraction, tail: Fraction): bigint {
  const within = tailTest(scale, tail);
  let [below, above] = [-1n, estimateOf(scale, tail)];
  for (let step = 1n, doubling = 0; !within(above); step *= 2n, doubling++) {
    if (doubling >= DOUBLINGS_MAX) {
      throw new CryptoError("LAPLACE_CONFIDENCE_INVALID", "no bound was found within the supported range");
    }
    [below, above] = [above, above + step];
  }
  for (let step = 1n; below < 0n && above > 0n; step *= 2n) {
    const lower = above > step ? above - step : 0n;
    if (within(lower)) above = lower;
    else below = lower;
  }
  while (above - below > 1n) {
    const middle = (above + below) / 2n;
    if (within(middle)) above = middle;
    else below = middle;
  }
  return above;
}

/** About the bound, 0 or more: t ln(2 / (tail (1 + q))) − 1. */
function estimateOf(scale: Fraction, tail: Fraction): bigint {
  const t = numberOf(scale);
  const about = t * Math.log(2 / (numberOf(tail) * (1 + Math.exp(-1 / t)))) - 1;
  return about > 0 && Number.isFinite(about) ? BigInt(Math.round(about)) : 0n;
}

const numberOf = ({ numerator, denominator }: Fraction): number => Number(numerator) / Number(denominator);

function requireConfidence({ numerator, denominator }: Fraction): void {
  const valid =
    numerator >= 0n &&
    numerator < denominator &&
    BigInt.asUintN(CONFIDENCE_BITS_MAX, denominator) === denominator;
  if (!valid) {
    throw new CryptoError(
      "LAPLACE_CONFIDENCE_INVALID",
      "a confidence lies in [0, 1) and has terms below 2^128",
    );
  }
}

/** Whether P(|X| > k) ≤ tail is proven, for a k: 2 q^(k+1) at most, 1 + q at least. */
function tailTest({ numerator: t, denominator: s }: Fraction, tail: Fraction): (k: bigint) => boolean {
  const ratio = exponentialOfMinus({ numerator: s, denominator: t });
  const most = tail.numerator * (ONE + ratio.low);
  return (k) => {
    const power = exponentialOfMinus({ numerator: s * (k + 1n), denominator: t });
    return 2n * power.high * tail.denominator <= most;
  };
}

/** Encloses e^(−x) for x ≥ 0: x is halved until it is at most 1/2, and the result squared as often. */
function exponentialOfMinus(x: Fraction): Enclosure {
  let denominator = x.denominator;
  let halvings = 0;
  while (2n * x.numerator > denominator) {
    denominator *= 2n;
    halvings++;
  }
  const growth = exponentialOfSmall(x.numerator, denominator);
  let low = (ONE * ONE) / growth.high;
  let high = ceilingDivide(ONE * ONE, growth.low);
  for (let squaring = 0; squaring < halvings; squaring++) {
    low = (low * low) / ONE;
    high = ceilingDivide(high * high, ONE);
  }
  return { low, high };
}

/**
 * Encloses e^r for 0 ≤ r = numerator/denominator ≤ 1/2 by its power series. All terms are positive; what is cut off
 * is less than the last term kept.
 */
function exponentialOfSmall(numerator: bigint, denominator: bigint): Enclosure {
  let term: Enclosure = { low: ONE, high: ONE };
  let sum: Enclosure = term;
  for (let n = 1n; n <= TERMS; n++) {
    term = {
      low: (term.low * numerator) / (denominator * n),
      high: ceilingDivide(term.high * numerator, denominator * n),
    };
    sum = { low: sum.low + term.low, high: sum.high + term.high };
  }
  return { low: sum.low, high: sum.high + term.high };
}

/** For a dividend of at least 0 and a divisor above 0. */
function ceilingDivide(dividend: bigint, divisor: bigint): bigint {
  return (dividend + divisor - 1n) / divisor;
}
