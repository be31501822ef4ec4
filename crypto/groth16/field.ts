/**
 * The scalar field of BN254: what circuits compute in, and the field over which Baby Jubjub (EIP-2494) is defined.
 *
 * Codes: GROTH16_INVALID_INPUT.
 */
import { bn254_Fr } from "@noble/curves/bn254.js";
import { CryptoError } from "../errors.ts";

/** The modulus, a prime of 254 bits. */
export const FIELD_MODULUS: bigint = bn254_Fr.ORDER;

/** True for 0 .. FIELD_MODULUS − 1: the one way of writing each element. */
export const isElement = (value: bigint): boolean => value >= 0n && value < FIELD_MODULUS;

/** 64 lower-case hexadecimal digits. Throws GROTH16_INVALID_INPUT for what is no element. */
export function encodeElement(value: bigint): string {
  if (!isElement(value)) throw new CryptoError("GROTH16_INVALID_INPUT", "not an element of the field");
  return value.toString(16).padStart(64, "0");
}

/** The inverse of `encodeElement`; throws GROTH16_INVALID_INPUT for any other text. */
export function decodeElement(hex: string): bigint {
  const value = /^[0-9a-f]{64}$/.test(hex) ? BigInt(`0x${hex}`) : FIELD_MODULUS;
  if (!isElement(value)) throw new CryptoError("GROTH16_INVALID_INPUT", "not an element of the field");
  return value;
}
