/**
 * Bytes sealed under a region's data key, for everything confidential that crosses topics and changelogs.
 *
 *     version 0x01 | generation, u32 big-endian | nonce, 12 bytes | ciphertext | tag, 16 bytes
 *
 * AES-256-GCM (SP 800-38D). The tag covers version, generation and the caller's associated data, which says where the
 * bytes belong (topic, key, …), so that a sealed value cannot be moved. Version 1 keeps this layout for ever.
 * Promises confidentiality and integrity; does not: hide the length, stop a replay of the same value in the same
 * place, or draw nonces (see aes-gcm.ts).
 */
import { CryptoError } from "../errors.ts";
import { decrypt, encrypt, NONCE_LENGTH, TAG_LENGTH, type SecretKey } from "./aes-gcm.ts";

const VERSION = 0x01;
const HEADER_LENGTH = 5;
const GENERATION_MAX = 0xffff_ffff;
/** What sealing adds to the plaintext's length. */
export const ENVELOPE_OVERHEAD = HEADER_LENGTH + NONCE_LENGTH + TAG_LENGTH;

/** One generation of a region's data key; secret, held in memory by the region's process alone. */
export interface DataKey {
  /** 0 … 2^32 − 1. */
  readonly generation: number;
  readonly secret: SecretKey;
}

/**
 * The envelope of `plaintext`. `nonce` is 12 fresh random bytes; `associatedData` must be given again to open.
 * Throws CryptoError SEALING_KEY_MALFORMED, SEALING_NONCE_MALFORMED or SEALING_GENERATION_OUT_OF_RANGE.
 */
export function seal(
  key: DataKey,
  nonce: Uint8Array,
  plaintext: Uint8Array,
  associatedData: Uint8Array,
): Uint8Array {
  const header = headerOf(key.generation);
  const sealed = encrypt(key.secret, nonce, plaintext, bind(header, associatedData));
  return Uint8Array.from(Buffer.concat([header, nonce, sealed]));
}

/**
 * The plaintext of an envelope. Throws CryptoError SEALING_ENVELOPE_MALFORMED, SEALING_WRONG_GENERATION when another
 * generation of the key is needed (see generationOf), SEALING_NOT_OPENED, or SEALING_KEY_MALFORMED.
 */
export function open(key: DataKey, envelope: Uint8Array, associatedData: Uint8Array): Uint8Array {
  if (generationOf(envelope) !== key.generation) {
    throw new CryptoError(
      "SEALING_WRONG_GENERATION",
      "The envelope needs another generation of the data key.",
    );
  }
  const header = envelope.subarray(0, HEADER_LENGTH);
  const nonce = envelope.subarray(HEADER_LENGTH, HEADER_LENGTH + NONCE_LENGTH);
  const sealed = envelope.subarray(HEADER_LENGTH + NONCE_LENGTH);
  return decrypt(key.secret, nonce, sealed, bind(header, associatedData));
}

/** Which generation of the data key an envelope states. Not authentic until opened. Throws SEALING_ENVELOPE_MALFORMED. */
export function generationOf(envelope: Uint8Array): number {
  if (envelope.length < ENVELOPE_OVERHEAD || envelope[0] !== VERSION) {
    throw new CryptoError("SEALING_ENVELOPE_MALFORMED", "Not a sealed envelope of a known version.");
  }
  return new DataView(envelope.buffer, envelope.byteOffset, HEADER_LENGTH).getUint32(1);
}

function headerOf(generation: number): Uint8Array {
  if (!Number.isInteger(generation) || generation < 0 || generation > GENERATION_MAX) {
    throw new CryptoError("SEALING_GENERATION_OUT_OF_RANGE", "A generation is an unsigned 32-bit integer.");
  }
  const header = new Uint8Array(HEADER_LENGTH);
  header[0] = VERSION;
  new DataView(header.buffer).setUint32(1, generation);
  return header;
}

/** The header has a fixed length, so header and caller's data are told apart without a separator. */
function bind(header: Uint8Array, associatedData: Uint8Array): Uint8Array {
  return Buffer.concat([header, associatedData]);
}
