/**
 * The bases of commitments, from public labels by hash-and-increment: nobody knows a discrete logarithm between any two.
 *
 * For counter = 0, 1, …, 255: N is SHA-512 over the label's ASCII bytes, a zero byte, and the counter as one byte, read big-endian;
 * y = ⌊N / 2⌋ mod p; x is the square root of (1 − y²) / (a − d y²) whose parity is that of N. The first counter for which the
 * root exists and 8 · (x, y) is not the identity gives the generator 8 · (x, y).
 */
import { createHash } from "node:crypto";
import { CryptoError } from "../errors.ts";
import { type Point, MODULUS, clearedPoint } from "./group.ts";
import { bigEndian } from "./integers.ts";

const PREFIX = "pavilion/commitment/v1/";
/** Half of all counters serve, so that all of them fail with probability 2^-256. */
const COUNTERS = 256;
/** Slots and coordinates lie below this. */
const INDEX_LIMIT = 1 << 16;

const known = new Map<string, Point>();

/** G(slot, coordinate), both in 0..65535. Coordinate 0 is the count. Throws COMMITMENT_INVALID. */
export function generator(slot: number, coordinate: number): Point {
  if (!isIndex(slot) || !isIndex(coordinate)) {
    throw new CryptoError("COMMITMENT_INVALID", "slot and coordinate are whole numbers in 0..65535");
  }
  return labelled(`${String(slot)}/${String(coordinate)}`);
}

/** H, the base of blindings. */
export function blindingGenerator(): Point {
  return labelled("blinding");
}

function isIndex(value: number): boolean {
  return Number.isInteger(value) && value >= 0 && value < INDEX_LIMIT;
}

function labelled(name: string): Point {
  let point = known.get(name);
  if (point === undefined) {
    point = derive(PREFIX + name);
    known.set(name, point);
  }
  return point;
}

function derive(label: string): Point {
  for (let counter = 0; counter < COUNTERS; counter++) {
    const digest = createHash("sha512").update(label, "ascii").update(Uint8Array.of(0, counter)).digest();
    const wide = bigEndian(digest);
    const point = clearedPoint((wide >> 1n) % MODULUS, (wide & 1n) === 1n);
    if (point !== undefined) return point;
  }
  throw new CryptoError("COMMITMENT_INVALID", "no counter gives a generator");
}
