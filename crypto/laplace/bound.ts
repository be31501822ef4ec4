/**
 * How far a discrete Laplace draw strays: an error bound for a released value, in integers, rounded outward.
 *
 * P(|X| > k) = 2 q^(k+1) / (1 + q) with q = e^(−1/t) for the scale t. Exponentials are enclosed between two integers over
 * 2^precision, every step rounded away from the true value, and a k is returned only if the enclosure proves it.
 */
import { CryptoError } from "../errors.ts";
import { type Fraction, fraction, subtractFractions } from "../fraction/fraction.ts";
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
  const tail = subtractFractions(fraction(1n), confidence);
  if (isTailAtMost(0n, scale, tail)) return 0n;
  let [above, below] = [1n, 0n];
  for (let doubling = 0; !isTailAtMost(above, scale, tail); doubling++) {
    if (doubling >= DOUBLINGS_MAX) {
      throw new CryptoError("LAPLACE_CONFIDENCE_INVALID", "no bound was found within the supported range");
    }
    [above, below] = [2n * above, above];
  }
  while (above - below > 1n) {
    const middle = (above + below) / 2n;
    if (isTailAtMost(middle, scale, tail)) above = middle;
    else below = middle;
  }
  return above;
}

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

/** Whether P(|X| > k) ≤ tail is proven: 2 q^(k+1) at most, 1 + q at least. */
function isTailAtMost(k: bigint, scale: Fraction, tail: Fraction): boolean {
  const { numerator: t, denominator: s } = scale;
  const power = exponentialOfMinus({ numerator: s * (k + 1n), denominator: t });
  const ratio = exponentialOfMinus({ numerator: s, denominator: t });
  return 2n * power.high * tail.denominator <= tail.numerator * (ONE + ratio.low);
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
