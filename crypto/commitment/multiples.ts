/**
 * Multiples of a base that is used again and again, from a table: for the digit d at position k of the scalar to the base
 * 256, entry (k, d) is d · 256^k · base. A product is one addition for each digit that is not zero.
 *
 * A row grows up to the largest digit it was asked for, so a base of small values has a small table. What is added depends on
 * the scalar: not in constant time.
 */
import { type Point, IDENTITY } from "./group.ts";

const DIGIT_BITS = 8n;
const DIGIT_MASK = (1n << DIGIT_BITS) - 1n;

export class Multiples {
  /** The first unit is the base, the next 256 times that, and so on. */
  readonly #base: Point;
  readonly #rows: Row[] = [];

  constructor(base: Point) {
    this.#base = base;
  }

  /** sum + scalar · base, for a scalar ≥ 0. */
  addTo(sum: Point, scalar: bigint): Point {
    let result = sum;
    for (let position = 0, rest = scalar; rest > 0n; position++, rest >>= DIGIT_BITS) {
      const digit = Number(rest & DIGIT_MASK);
      if (digit !== 0) result = result.add(this.#row(position).entry(digit));
    }
    return result;
  }

  #row(position: number): Row {
    const known = this.#rows[position];
    if (known !== undefined) return known;
    const row = new Row(position === 0 ? this.#base : this.#row(position - 1).nextUnit());
    this.#rows[position] = row;
    return row;
  }
}

/** The multiples of one unit, from none times it on. */
class Row {
  readonly #unit: Point;
  readonly #entries: Point[] = [IDENTITY];

  constructor(unit: Point) {
    this.#unit = unit;
  }

  entry(digit: number): Point {
    let entry = this.#entries[digit];
    while (entry === undefined) {
      this.#entries.push((this.#entries.at(-1) ?? IDENTITY).add(this.#unit));
      entry = this.#entries[digit];
    }
    return entry;
  }

  nextUnit(): Point {
    let unit = this.#unit;
    for (let bit = 0n; bit < DIGIT_BITS; bit++) unit = unit.double();
    return unit;
  }
}
