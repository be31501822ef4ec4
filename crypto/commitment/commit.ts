/**
 * Pedersen commitments to vectors (Pedersen, CRYPTO '91): Σ v_j · G(slot, j) + r · H. Perfectly hiding for a uniform
 * blinding r; binding for whoever cannot compute discrete logarithms. Sums of commitments commit to sums.
 *
 * Everything is computed for an eighth of each base, so that a sum is the share, and eight times it the commitment.
 */
import { CryptoError } from "../errors.ts";
import { blindingGenerator, generator } from "./generators.ts";
import { type Point, IDENTITY, encodePoint, multiply, normalizePoints } from "./group.ts";
import { Multiples } from "./multiples.ts";
import { isScalar } from "./scalars.ts";
import { EIGHTH } from "./share.ts";

/** What a commitment commits to. Secret. */
export interface Committed {
  /** Non-negative safe integers; coordinate 0 is the count, 1 for a record. */
  readonly coordinates: readonly number[];
  /** Uniform below ORDER, drawn afresh for each commitment. */
  readonly blinding: bigint;
}

export interface SharedCommitment {
  readonly commitment: Point;
  /** `shareOf(commitment)`. */
  readonly share: Uint8Array;
}

/** Tables for an eighth of each base, by base. */
const tables = new Map<Point, Multiples>();

/** Σ coordinates[j] · G(slot, j) + blinding · H. Throws COMMITMENT_INVALID for values out of range. */
export function commit(slot: number, coordinates: readonly number[], blinding: bigint): Point {
  return addEighths(addBlinding(blinding), slot, coordinates).clearCofactor();
}

/** The commitment to sums over all slots, one list of coordinates a slot, by index. Throws COMMITMENT_INVALID. */
export function commitSums(sums: readonly (readonly number[])[], blinding: bigint): Point {
  let eighth = addBlinding(blinding);
  for (const [slot, coordinates] of sums.entries()) eighth = addEighths(eighth, slot, coordinates);
  return eighth.clearCofactor();
}

/** Commitments to the records of one slot, with their shares, in order. Throws COMMITMENT_INVALID. */
export function commitRecords(slot: number, records: readonly Committed[]): SharedCommitment[] {
  const eighths = records.map(({ coordinates, blinding }) =>
    addEighths(addBlinding(blinding), slot, coordinates),
  );
  return normalizePoints(eighths).map((eighth) => ({
    commitment: eighth.clearCofactor(),
    share: encodePoint(eighth),
  }));
}

/** Whether a value can stand at a coordinate. */
export function isCoordinate(value: number): boolean {
  return Number.isSafeInteger(value) && value >= 0;
}

function addBlinding(blinding: bigint): Point {
  if (!isScalar(blinding)) throw new CryptoError("COMMITMENT_INVALID", "the blinding is out of range");
  return tableOf(blindingGenerator()).addTo(IDENTITY, blinding);
}

function addEighths(sum: Point, slot: number, coordinates: readonly number[]): Point {
  let result = sum;
  for (const [index, value] of coordinates.entries()) {
    if (!isCoordinate(value)) throw new CryptoError("COMMITMENT_INVALID", "a coordinate is out of range");
    result = tableOf(generator(slot, index)).addTo(result, BigInt(value));
  }
  return result;
}

function tableOf(base: Point): Multiples {
  let table = tables.get(base);
  if (table === undefined) {
    table = new Multiples(multiply(base, EIGHTH));
    tables.set(base, table);
  }
  return table;
}
