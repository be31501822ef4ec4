/**
 * Linear combinations of points with public scalars, by buckets: Pippenger, "On the evaluation of powers and related
 * problems" (FOCS 1976), in the form of Bernstein, Doumen, Lange, Oosterwijk, "Faster batch forgery identification"
 * (INDOCRYPT 2012).
 */
import { type Point, IDENTITY } from "./group.ts";

export interface Term {
  readonly scalar: bigint;
  readonly point: Point;
}

/** Σ scalar · point for scalars ≥ 0. What is added depends on the scalars: for public ones only. */
export function combine(terms: readonly Term[]): Point {
  const width = digitWidth(terms.length);
  const largest = terms.reduce((most, { scalar }) => (scalar > most ? scalar : most), 0n);
  const digits = Math.ceil(largest.toString(2).length / width);
  let sum = IDENTITY;
  for (let position = digits - 1; position >= 0; position--) {
    for (let bit = 0; bit < width; bit++) sum = sum.double();
    sum = sum.add(combineDigits(terms, position * width, width));
  }
  return sum;
}

/** Bits of a digit. A bucket costs two additions and a point one, so there are to be fewer buckets than points. */
function digitWidth(count: number): number {
  return Math.max(2, Math.floor(Math.log2(count + 1)) - 2);
}

/** The combination with one digit of each scalar. Running sums from the top bucket down count bucket d just d times. */
function combineDigits(terms: readonly Term[], shift: number, width: number): Point {
  const buckets = new Array<Point | undefined>(1 << width);
  const [by, mask] = [BigInt(shift), (1n << BigInt(width)) - 1n];
  for (const { scalar, point } of terms) {
    const digit = Number((scalar >> by) & mask);
    if (digit !== 0) buckets[digit] = buckets[digit]?.add(point) ?? point;
  }
  let [running, sum] = [IDENTITY, IDENTITY];
  for (let digit = buckets.length - 1; digit > 0; digit--) {
    const bucket = buckets[digit];
    if (bucket !== undefined) running = running.add(bucket);
    sum = sum.add(running);
  }
  return sum;
}
