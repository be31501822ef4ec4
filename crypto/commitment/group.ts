/**
 * The prime-order subgroup of Baby Jubjub (EIP-2494), a x² + y² = 1 + d x² y² with a = 168700 and d = 168696 over the
 * scalar field of BN254: the curve that circuits over BN254 compute with. The curve has 8 · ORDER points.
 *
 * Promises that a point which passed `decodePoint` has canonical coordinates, lies on the curve and in the subgroup, and
 * is not the identity. Points handed to the other functions are taken to come from there or from this folder.
 */
import { normalizeZ } from "@noble/curves/abstract/curve.js";
import type { EdwardsPoint } from "@noble/curves/abstract/edwards.js";
import { babyjubjub } from "@noble/curves/misc.js";
import { CryptoError } from "../errors.ts";
import { bigEndian, toBigEndian } from "./integers.ts";

export type Point = EdwardsPoint;

const Curve = babyjubjub.Point;
const field = Curve.Fp;
const { a: A, d: D, p, n } = Curve.CURVE();

/** The field's modulus. */
export const MODULUS: bigint = p;
/** The subgroup's order, a prime of 251 bits. */
export const ORDER: bigint = n;
export const IDENTITY: Point = Curve.ZERO;

const COORDINATE_LENGTH = 32;
const POINT_LENGTH = 2 * COORDINATE_LENGTH;

/** 64 bytes x || y: the affine coordinates, big-endian, each below the modulus. The identity is 0 || 1. */
export function encodePoint(point: Point): Uint8Array {
  const { x, y } = point.toAffine();
  const bytes = new Uint8Array(POINT_LENGTH);
  bytes.set(toBigEndian(x, COORDINATE_LENGTH), 0);
  bytes.set(toBigEndian(y, COORDINATE_LENGTH), COORDINATE_LENGTH);
  return bytes;
}

/** `encodePoint` of each, for the price of one inversion. */
export function encodePoints(points: readonly Point[]): Uint8Array[] {
  return normalizePoints(points).map(encodePoint);
}

/** The same points as affine coordinates hold them, with one inversion; to encode such a point takes none. */
export function normalizePoints(points: readonly Point[]): Point[] {
  return normalizeZ(Curve, [...points]);
}

/**
 * The point with these bytes: canonical coordinates, on the curve, in the prime-order subgroup, not the identity. Else
 * throws COMMITMENT_INVALID.
 */
export function decodePoint(bytes: Uint8Array): Point {
  const point = decodeCurvePoint(bytes);
  if (point.is0() || !point.isTorsionFree()) {
    throw new CryptoError(
      "COMMITMENT_INVALID",
      "the point is the identity or outside the prime-order subgroup",
    );
  }
  return point;
}

/** The point with these bytes, on the curve but in any coset of the subgroup. Throws COMMITMENT_INVALID. */
export function decodeCurvePoint(bytes: Uint8Array): Point {
  if (bytes.length !== POINT_LENGTH) {
    throw new CryptoError("COMMITMENT_INVALID", `a point takes ${String(POINT_LENGTH)} bytes`);
  }
  const x = bigEndian(bytes.subarray(0, COORDINATE_LENGTH));
  const y = bigEndian(bytes.subarray(COORDINATE_LENGTH));
  if (x >= MODULUS || y >= MODULUS || !isOnCurve(x, y)) {
    throw new CryptoError("COMMITMENT_INVALID", "the coordinates are not canonical, or off the curve");
  }
  return Curve.fromAffine({ x, y });
}

function isOnCurve(x: bigint, y: bigint): boolean {
  const [xx, yy] = [(x * x) % MODULUS, (y * y) % MODULUS];
  return (A * xx + yy - 1n - D * ((xx * yy) % MODULUS)) % MODULUS === 0n;
}

/** 8 · (x, y) for the x of the given parity, which lies in the subgroup; none if y has no x, or if that is the identity. */
export function clearedPoint(y: bigint, isOdd: boolean): Point | undefined {
  const yy = field.sqr(y);
  let x: bigint;
  try {
    x = field.sqrt(field.div(field.sub(1n, yy), field.sub(A, field.mul(D, yy))));
  } catch {
    return undefined;
  }
  if (((x & 1n) === 1n) !== isOdd) x = field.neg(x);
  const point = Curve.fromAffine({ x, y }).clearCofactor();
  return point.is0() ? undefined : Curve.fromAffine(point.toAffine());
}

/** The sum; the identity for no points. */
export function addPoints(points: readonly Point[]): Point {
  return points.reduce((sum, point) => sum.add(point), IDENTITY);
}

/**
 * scalar · point for a point of the subgroup, the scalar taken modulo ORDER; zero gives the identity. The sequence of point operations
 * does not depend on a scalar other than zero.
 */
export function multiply(point: Point, scalar: bigint): Point {
  const reduced = Curve.Fn.create(scalar);
  return reduced === 0n ? IDENTITY : point.multiply(reduced);
}
