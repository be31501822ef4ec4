/**
 * Changelog keys that reveal nothing: HMAC-SHA256 (RFC 2104) of a name, cut to its first 16 bytes.
 *
 * Promises: deterministic, so that compaction works; without the key a name can neither be read nor guessed at.
 * Does not: hide that two records have one name, or be reversible. The key is one of its own (the HSM's `nameKey`),
 * never one that also seals: it must outlive every generation of the data key, or names would change.
 */
import { createHmac } from "node:crypto";
import { CryptoError } from "../errors.ts";
import { KEY_LENGTH, keyLength, type SecretKey } from "./aes-gcm.ts";

const NAME_LENGTH = 16;

/** 16 bytes that stand for `name` under a secret key of 32 bytes. Throws CryptoError SEALING_KEY_MALFORMED. */
export function keyedName(key: SecretKey, name: Uint8Array): Uint8Array {
  if (keyLength(key) !== KEY_LENGTH)
    throw new CryptoError("SEALING_KEY_MALFORMED", "A name key has 32 bytes.");
  return Uint8Array.from(createHmac("sha256", key).update(name).digest().subarray(0, NAME_LENGTH));
}
