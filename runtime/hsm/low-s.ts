/**
 * ECDSA signatures as Ethereum takes them (EIP-2): of the two that are valid, s and n - s, the one in the lower half.
 * Tokens return either.
 */
import { PavilionError } from "../../errors/errors.ts";

/** The order of secp256k1 (SEC 2, section 2.4.1). */
const ORDER = 0xfffffffffffffffffffffffffffffffebaaedce6af48a03bbfd25e8cd0364141n;

/**
 * The signature r || s, 64 bytes, with s at most half of the order. Throws PavilionError HSM_OPERATION_FAILED where r or s
 * is no number that a signature can hold.
 */
export function lowS(signature: Uint8Array): Uint8Array {
  const r = numberOf(signature.subarray(0, 32));
  const s = numberOf(signature.subarray(32));
  if (signature.length !== 64 || r === 0n || r >= ORDER || s === 0n || s >= ORDER) {
    throw new PavilionError("HSM_OPERATION_FAILED", "The HSM's answer is not a signature on secp256k1.");
  }
  const low = s > ORDER / 2n ? ORDER - s : s;
  return Uint8Array.from([
    ...signature.subarray(0, 32),
    ...Buffer.from(low.toString(16).padStart(64, "0"), "hex"),
  ]);
}

function numberOf(bytes: Uint8Array): bigint {
  return BigInt(`0x0${Buffer.from(bytes).toString("hex")}`);
}
