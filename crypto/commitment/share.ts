/**
 * Shares: what a provider sends in place of a commitment C is P = (8^-1 mod ORDER) · C, and the receiver takes 8 · P. That
 * clears any component of small order, so the receiver has a point of the subgroup without the cost of a subgroup check, and
 * whoever adds such a component to P changes nothing.
 */
import { CryptoError } from "../errors.ts";
import { type Point, ORDER, decodeCurvePoint, encodePoint, encodePoints, multiply } from "./group.ts";

/** ORDER is 1 modulo 8, so 7 · ORDER + 1 is a multiple of 8. */
export const EIGHTH: bigint = (7n * ORDER + 1n) / 8n;

/** The share of a commitment, 64 bytes. `commitRecords` makes both at once and faster. */
export function shareOf(commitment: Point): Uint8Array {
  return encodePoint(multiply(commitment, EIGHTH));
}

/** `shareOf` each, with one inversion. */
export function sharesOf(commitments: readonly Point[]): Uint8Array[] {
  return encodePoints(commitments.map((commitment) => multiply(commitment, EIGHTH)));
}

/**
 * The commitment of a share: canonical coordinates, on the curve, of an order above 8. Else throws COMMITMENT_INVALID. The result lies
 * in the subgroup; different shares can have the same commitment, so only commitments are hashed or compared.
 */
export function liftShare(bytes: Uint8Array): Point {
  const commitment = decodeCurvePoint(bytes).clearCofactor();
  if (commitment.is0()) throw new CryptoError("COMMITMENT_INVALID", "the share is a point of small order");
  return commitment;
}
