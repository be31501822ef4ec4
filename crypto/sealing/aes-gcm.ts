/**
 * AES-256-GCM, NIST SP 800-38D, with a 96-bit nonce and a 128-bit tag, by OpenSSL through node:crypto.
 *
 * Does not: choose nonces. A nonce used twice under a key gives away the authentication key, so the caller draws each
 * at random and moves to a new key before 2^32 messages (SP 800-38D section 8.3).
 */
import { createCipheriv, createDecipheriv, type KeyObject } from "node:crypto";
import { CryptoError } from "../errors.ts";

const CIPHER = "aes-256-gcm";
export const KEY_LENGTH = 32;
export const NONCE_LENGTH = 12;
export const TAG_LENGTH = 16;

/** 32 bytes; imported once by createSecretKey where it seals often, since an import takes longer than sealing a record. */
export type SecretKey = Uint8Array | KeyObject;

export const keyLength = (key: SecretKey): number | undefined =>
  key instanceof Uint8Array ? key.length : key.symmetricKeySize;

/** Ciphertext followed by the 16-byte tag. Throws SEALING_KEY_MALFORMED or SEALING_NONCE_MALFORMED. */
export function encrypt(
  key: SecretKey,
  nonce: Uint8Array,
  plaintext: Uint8Array,
  associatedData: Uint8Array,
): Uint8Array {
  refuseWrongLengths(key, nonce);
  const cipher = createCipheriv(CIPHER, key, nonce, { authTagLength: TAG_LENGTH });
  cipher.setAAD(associatedData);
  const ciphertext = [cipher.update(plaintext), cipher.final()];
  return Uint8Array.from(Buffer.concat([...ciphertext, cipher.getAuthTag()]));
}

/** The plaintext; nothing of it is released before the tag has been checked. Throws SEALING_NOT_OPENED too. */
export function decrypt(
  key: SecretKey,
  nonce: Uint8Array,
  ciphertextAndTag: Uint8Array,
  associatedData: Uint8Array,
): Uint8Array {
  refuseWrongLengths(key, nonce);
  const tagOffset = ciphertextAndTag.length - TAG_LENGTH;
  if (tagOffset < 0) throw notOpened();
  const decipher = createDecipheriv(CIPHER, key, nonce, { authTagLength: TAG_LENGTH });
  decipher.setAAD(associatedData);
  decipher.setAuthTag(ciphertextAndTag.subarray(tagOffset));
  const unchecked = decipher.update(ciphertextAndTag.subarray(0, tagOffset));
  try {
    return Uint8Array.from(Buffer.concat([unchecked, decipher.final()]));
  } catch {
    throw notOpened();
  } finally {
    unchecked.fill(0);
  }
}

function refuseWrongLengths(key: SecretKey, nonce: Uint8Array): void {
  if (keyLength(key) !== KEY_LENGTH)
    throw new CryptoError("SEALING_KEY_MALFORMED", "A data key has 32 bytes.");
  if (nonce.length !== NONCE_LENGTH)
    throw new CryptoError("SEALING_NONCE_MALFORMED", "A nonce has 12 bytes.");
}

function notOpened(): CryptoError {
  return new CryptoError(
    "SEALING_NOT_OPENED",
    "The envelope was changed, or sealed under another key or binding.",
  );
}
