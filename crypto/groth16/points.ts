/**
 * Points of BN254 from decimal coordinates, as snarkjs writes them and EIP-197 defines the groups.
 *
 * Promises that what is returned was written canonically, lies on its curve and in the subgroup of prime order, and is not
 * the point at infinity; for anything else it returns undefined and never throws.
 */
import type { WeierstrassPoint } from "@noble/curves/abstract/weierstrass.js";
import type { Fp2 } from "@noble/curves/abstract/tower.js";
import { bn254 } from "@noble/curves/bn254.js";

export type G1Point = WeierstrassPoint<bigint>;
export type G2Point = WeierstrassPoint<Fp2>;

const G1 = bn254.G1.Point;
const G2 = bn254.G2.Point;

/** y² = x³ + 3 over the base field, whose group has prime order. */
export function g1Point(x: unknown, y: unknown): G1Point | undefined {
  const [px, py] = [coordinate(x), coordinate(y)];
  if (px === undefined || py === undefined) return undefined;
  return valid(G1.fromAffine({ x: px, y: py }));
}

/** The same over the quadratic extension; each coordinate is c0 + c1·u, written [c0, c1]. */
export function g2Point(x: unknown, y: unknown): G2Point | undefined {
  const [px, py] = [extended(x), extended(y)];
  if (px === undefined || py === undefined) return undefined;
  return valid(G2.fromAffine({ x: px, y: py }));
}

/** `fromAffine` takes (0, 0) for infinity; `assertValidity` checks the curve's equation and the subgroup. */
function valid<F, P extends WeierstrassPoint<F>>(point: P): P | undefined {
  if (point.is0()) return undefined;
  try {
    point.assertValidity();
    return point;
  } catch {
    return undefined;
  }
}

function extended(value: unknown): Fp2 | undefined {
  if (!Array.isArray(value) || value.length !== 2) return undefined;
  const [c0, c1] = [coordinate(value[0]), coordinate(value[1])];
  return c0 === undefined || c1 === undefined ? undefined : { c0, c1 };
}

/** A decimal number below the base field's modulus, without sign or leading zeros. */
function coordinate(text: unknown): bigint | undefined {
  if (typeof text !== "string" || !/^(0|[1-9][0-9]{0,76})$/.test(text)) return undefined;
  const value = BigInt(text);
  return value < bn254.fields.Fp.ORDER ? value : undefined;
}
