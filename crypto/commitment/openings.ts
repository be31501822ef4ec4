/**
 * Openings, many at once: one random linear combination in place of an equation each, the small exponents test of
 * Bellare, Garay, Rabin, "Fast Batch Verification for Modular Exponentiation and Digital Signatures" (EUROCRYPT '98).
 */
import { CryptoError } from "../errors.ts";
import { type Term, combine } from "./combination.ts";
import { isCoordinate } from "./commit.ts";
import { blindingGenerator, generator } from "./generators.ts";
import { type Point, ORDER } from "./group.ts";
import { bigEndian } from "./integers.ts";
import { isScalar } from "./scalars.ts";

const WEIGHT_LENGTH = 16;

export interface Opening {
  /** A point of the subgroup: lifted, or decoded. */
  readonly commitment: Point;
  readonly coordinates: readonly number[];
  readonly blinding: bigint;
}

interface WeightedOpening extends Opening {
  readonly weight: bigint;
}

/**
 * Whether every commitment is `commit(slot, coordinates, blinding)`; a coordinate left out counts as zero. False too for values
 * out of range. A batch with a wrong opening passes with probability at most 2^-128 over the weights, for which
 * `randomBytes` is called once, with 16 bytes an opening: bytes nobody could foresee who chose the batch. Throws
 * COMMITMENT_INVALID if it returns another length.
 */
export function verifyOpenings(
  slot: number,
  openings: readonly Opening[],
  randomBytes: (length: number) => Uint8Array,
): boolean {
  if (openings.length === 0) return true;
  if (!openings.every(isInRange)) return false;
  const weighted = weigh(openings, randomBytes);
  const left = combine(weighted.map(({ weight, commitment }) => ({ scalar: weight, point: commitment })));
  return left.equals(combine(weightedTotals(slot, weighted)));
}

function isInRange({ coordinates, blinding }: Opening): boolean {
  return isScalar(blinding) && coordinates.every(isCoordinate);
}

function weigh(openings: readonly Opening[], randomBytes: (length: number) => Uint8Array): WeightedOpening[] {
  const length = openings.length * WEIGHT_LENGTH;
  const bytes = randomBytes(length);
  if (bytes.length !== length) {
    throw new CryptoError("COMMITMENT_INVALID", "the random source returned another number of bytes");
  }
  return openings.map((opening, index) => ({
    ...opening,
    weight: bigEndian(bytes.subarray(index * WEIGHT_LENGTH, (index + 1) * WEIGHT_LENGTH)),
  }));
}

/** For each base the sum of what stands at it, each times its weight, modulo ORDER. */
function weightedTotals(slot: number, openings: readonly WeightedOpening[]): Term[] {
  const totals: bigint[] = [];
  let blindings = 0n;
  for (const { weight, coordinates, blinding } of openings) {
    blindings += weight * blinding;
    for (const [index, value] of coordinates.entries()) {
      totals[index] = (totals[index] ?? 0n) + weight * BigInt(value);
    }
  }
  const terms = totals.map((total, index) => ({ scalar: total % ORDER, point: generator(slot, index) }));
  return [...terms, { scalar: blindings % ORDER, point: blindingGenerator() }];
}
