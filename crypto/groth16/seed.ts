/**
 * Seeds and their commitments: seedCommitment = Poseidon(seed), over the scalar field of BN254.
 *
 * Poseidon with one input, as circomlib has it: Grassi, Khovratovich, Rechberger, Roy, Schofnegger, "Poseidon" (USENIX
 * Security 2021), 8 full and 56 partial rounds, S-box x^5. A commitment hides a seed because the seed is uniform; nothing
 * else is mixed in.
 *
 * Codes: GROTH16_INVALID_INPUT.
 */
import { poseidon1 } from "poseidon-lite/poseidon1";
import { CryptoError } from "../errors.ts";
import { FIELD_MODULUS, isElement } from "./field.ts";

const WIDE_LENGTH = 64;

/** The seed of 64 uniform, secret bytes: big-endian, modulo the field's order, within 2^-258 of uniform. */
export function seedFrom(bytes: Uint8Array): bigint {
  if (bytes.length !== WIDE_LENGTH) {
    throw new CryptoError("GROTH16_INVALID_INPUT", "a seed is made of 64 bytes");
  }
  return BigInt(`0x${Buffer.from(bytes).toString("hex")}`) % FIELD_MODULUS;
}

/** Poseidon(seed), which may be published before the seed is used. Throws GROTH16_INVALID_INPUT. */
export function seedCommitmentOf(seed: bigint): bigint {
  if (!isElement(seed)) throw new CryptoError("GROTH16_INVALID_INPUT", "a seed is an element of the field");
  return poseidon1([seed]);
}
