/** Scalars: integers modulo the subgroup's order, which is what blindings and proofs are made of. */
import { CryptoError } from "../errors.ts";
import { ORDER } from "./group.ts";
import { bigEndian, toBigEndian } from "./integers.ts";

const SCALAR_LENGTH = 32;
/** Twice the length, so that the residue is within 2^-261 of uniform. */
export const WIDE_LENGTH = 64;

/** 64 bytes, big-endian, modulo ORDER. Uniform bytes give a uniform scalar. Throws COMMITMENT_INVALID for another length. */
export function scalarFrom(bytes: Uint8Array): bigint {
  if (bytes.length !== WIDE_LENGTH) {
    throw new CryptoError("COMMITMENT_INVALID", `a scalar is made from ${String(WIDE_LENGTH)} bytes`);
  }
  return bigEndian(bytes) % ORDER;
}

export function isScalar(value: bigint): boolean {
  return value >= 0n && value < ORDER;
}

/** 32 bytes, big-endian. Throws COMMITMENT_INVALID outside 0..ORDER − 1. */
export function encodeScalar(scalar: bigint): Uint8Array {
  if (!isScalar(scalar)) throw new CryptoError("COMMITMENT_INVALID", "the scalar is out of range");
  return toBigEndian(scalar, SCALAR_LENGTH);
}

/** The inverse of `encodeScalar`. Throws COMMITMENT_INVALID for another length and for ORDER and above. */
export function decodeScalar(bytes: Uint8Array): bigint {
  const scalar = bytes.length === SCALAR_LENGTH ? bigEndian(bytes) : ORDER;
  if (!isScalar(scalar)) {
    throw new CryptoError("COMMITMENT_INVALID", "not the canonical encoding of a scalar");
  }
  return scalar;
}
