/**
 * Exact fractions over integers of any size: the arithmetic of ε, sensitivities and budgets, in which nothing is ever rounded.
 *
 * A `Fraction` made by these functions is in normal form: lowest terms, positive denominator, zero as 0/1. So two equal
 * fractions have equal members and one text. Not constant-time: for public parameters only.
 *
 * Code: FRACTION_INVALID.
 */
import { CryptoError } from "../errors.ts";

export interface Fraction {
  readonly numerator: bigint;
  /** Above zero. */
  readonly denominator: bigint;
}

/** The longest text that `parseFraction` reads, in characters; longer ones come from nobody honest. */
const TEXT_LENGTH_MAX = 128;

const TEXT = /^(-?(?:0|[1-9][0-9]*))(?:\/([1-9][0-9]*))?$/;

/** numerator / denominator in normal form. Throws FRACTION_INVALID for a denominator of zero. */
export function fraction(numerator: bigint, denominator = 1n): Fraction {
  if (denominator === 0n) throw new CryptoError("FRACTION_INVALID", "the denominator is zero");
  const sign = denominator < 0n ? -1n : 1n;
  const divisor = sign * greatestCommonDivisor(numerator, denominator);
  return { numerator: numerator / divisor, denominator: denominator / divisor };
}

/**
 * Reads `"2"`, `"-2"` or `"1/3"`: decimal digits without leading zeros, spaces or a point, the denominator above zero. Any other
 * text, decimals like `"0.5"` among them, throws FRACTION_INVALID. Terms need not be lowest; the result's are.
 */
export function parseFraction(text: string): Fraction {
  const match = text.length <= TEXT_LENGTH_MAX ? TEXT.exec(text) : null;
  if (match === null) throw new CryptoError("FRACTION_INVALID", "not an integer or a fraction such as 1/3");
  const [, numerator = "", denominator = "1"] = match;
  return fraction(BigInt(numerator), BigInt(denominator));
}

/** `"a/b"`, or `"a"` for an integer; `parseFraction` reads it back. */
export function formatFraction(value: Fraction): string {
  const { numerator, denominator } = fraction(value.numerator, value.denominator);
  return denominator === 1n ? String(numerator) : `${String(numerator)}/${String(denominator)}`;
}

export function addFractions(left: Fraction, right: Fraction): Fraction {
  return fraction(
    left.numerator * right.denominator + right.numerator * left.denominator,
    left.denominator * right.denominator,
  );
}

export function subtractFractions(left: Fraction, right: Fraction): Fraction {
  return fraction(
    left.numerator * right.denominator - right.numerator * left.denominator,
    left.denominator * right.denominator,
  );
}

export function multiplyFractions(left: Fraction, right: Fraction): Fraction {
  return fraction(left.numerator * right.numerator, left.denominator * right.denominator);
}

/** Throws FRACTION_INVALID for a divisor of zero. */
export function divideFractions(dividend: Fraction, divisor: Fraction): Fraction {
  return fraction(dividend.numerator * divisor.denominator, dividend.denominator * divisor.numerator);
}

/** -1, 0 or 1 as `left` is below, equal to or above `right`. Both denominators are above zero. */
export function compareFractions(left: Fraction, right: Fraction): -1 | 0 | 1 {
  const difference = left.numerator * right.denominator - right.numerator * left.denominator;
  if (difference === 0n) return 0;
  return difference < 0n ? -1 : 1;
}

/** Euclid's algorithm; ends because the second argument's magnitude falls with every step. Above zero unless both are zero. */
function greatestCommonDivisor(left: bigint, right: bigint): bigint {
  let [a, b] = [left, right];
  while (b !== 0n) [a, b] = [b, a % b];
  return a < 0n ? -a : a;
}
