/**
 * The discrete Laplace distribution, sampled exactly: Canonne, Kamath, Steinke, "The Discrete Gaussian for Differential
 * Privacy" (NeurIPS 2020), Algorithms 1 and 2. README.md has the statement and its proof.
 *
 * Integers only: no floating point, no rounding, no table. Every comparison is of a uniform integer below n, drawn by
 * rejection on whole bits, so there is no modulo bias. Every loop has a limit; at a limit the draw fails with
 * LAPLACE_EXHAUSTED and returns nothing. With fair bits that happens with probability below 2^-200.
 *
 * Not constant-time: how long a draw takes, and how many bits it uses, depends on the value drawn (README.md, limits).
 */
import { CryptoError } from "../errors.ts";
import type { Fraction } from "../fraction/fraction.ts";
import type { BitSource } from "./bits.ts";

/** The terms of a scale lie below 2^128. */
const SCALE_BITS_MAX = 128;

/** A candidate of a uniform draw is out of range with probability below 1/2. */
const UNIFORM_TRIES_MAX = 256;
/** The k-th trial of Algorithm 1 is reached with probability at most 1/(k−1)!. */
const EXPONENTIAL_TRIALS_MAX = 96;
/** A geometric draw reaches v with probability e^-v. */
const GEOMETRIC_MAX = 256;
/** A round of Algorithm 2 starts over with probability below 0.69. */
const ROUNDS_MAX = 1024;

/**
 * One draw from P(X = x) = (e^(1/t) − 1) / (e^(1/t) + 1) · e^(−|x|/t) over all integers x, for the scale t =
 * sensitivity / ε > 0. A draw is a function of the bits taken. The result is secret until it is part of a release.
 * Throws LAPLACE_SCALE_INVALID, LAPLACE_EXHAUSTED, and whatever the source throws.
 */
export async function sampleDiscreteLaplace(scale: Fraction, source: BitSource): Promise<bigint> {
  requireScale(scale);
  for (let round = 0; round < ROUNDS_MAX; round++) {
    const magnitude = await sampleMagnitude(scale, source);
    if (magnitude === undefined) continue;
    const negative = (await source.take(1)) === 1n;
    // Zero would otherwise be counted twice, once with each sign.
    if (negative && magnitude === 0n) continue;
    return negative ? -magnitude : magnitude;
  }
  throw exhausted();
}

/** Throws LAPLACE_SCALE_INVALID unless both terms lie in 1 .. 2^128 − 1. */
export function requireScale(scale: Fraction): void {
  for (const term of [scale.numerator, scale.denominator]) {
    if (term < 1n || BigInt.asUintN(SCALE_BITS_MAX, term) !== term) {
      throw new CryptoError("LAPLACE_SCALE_INVALID", "a scale is a positive fraction with terms below 2^128");
    }
  }
}

/**
 * P(Y = y) proportional to e^(−y/t), or undefined when the first step rejects: X = U + numerator · V is
 * geometric with ratio e^(−1/numerator), and dividing by the denominator thins it out to the ratio e^(−1/t).
 */
async function sampleMagnitude(scale: Fraction, source: BitSource): Promise<bigint | undefined> {
  const { numerator, denominator } = scale;
  const u = await uniformBelow(numerator, source);
  if (!(await bernoulliExponential(u, numerator, source))) return undefined;
  const v = await sampleGeometric(source);
  return (u + numerator * v) / denominator;
}

/** The number of successes before the first failure of Bernoulli(e^−1). */
async function sampleGeometric(source: BitSource): Promise<bigint> {
  for (let count = 0n; count < GEOMETRIC_MAX; count++) {
    if (!(await bernoulliExponential(1n, 1n, source))) return count;
  }
  throw exhausted();
}

/**
 * Algorithm 1: true with probability e^(−numerator/denominator), for 0 ≤ numerator ≤ denominator, denominator > 0. The trial
 * that first fails has an odd number with exactly that probability.
 */
export async function bernoulliExponential(
  numerator: bigint,
  denominator: bigint,
  source: BitSource,
): Promise<boolean> {
  for (let trial = 1; trial <= EXPONENTIAL_TRIALS_MAX; trial++) {
    const success = (await uniformBelow(denominator * BigInt(trial), source)) < numerator;
    if (!success) return trial % 2 === 1;
  }
  throw exhausted();
}

/** Uniform in 0 .. bound − 1, for a bound of at least 1: whole candidates of as many bits as bound − 1 has, drawn until one is in range. */
export async function uniformBelow(bound: bigint, source: BitSource): Promise<bigint> {
  if (bound === 1n) return 0n;
  const bits = (bound - 1n).toString(2).length;
  for (let tries = 0; tries < UNIFORM_TRIES_MAX; tries++) {
    const candidate = await source.take(bits);
    if (candidate < bound) return candidate;
  }
  throw exhausted();
}

function exhausted(): CryptoError {
  return new CryptoError(
    "LAPLACE_EXHAUSTED",
    "a loop of the sampler reached its limit; the source is not random",
  );
}
