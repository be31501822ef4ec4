/**
 * RFC 8032, PureEd25519, by OpenSSL through node:crypto.
 *
 * `ed25519FromSeed` is the software key of provider agents and brokers; a region's issuer key lives in its HSM.
 * Promises: verification refuses non-canonical S, and public keys of small order or non-canonical encoding, under
 * which one signature would fit many messages. Does not: erase the key from memory.
 */
import { createPrivateKey, createPublicKey, sign, verify } from "node:crypto";
import { ed25519 } from "@noble/curves/ed25519.js";
import { CryptoError } from "../errors.ts";

const SEED_LENGTH = 32;
const PUBLIC_KEY_LENGTH = 32;
export const SIGNATURE_LENGTH = 64;

/** RFC 8410 section 7: PrivateKeyInfo of id-Ed25519 up to the 32 bytes of the seed. */
const PKCS8_PREFIX = Buffer.from("302e020100300506032b657004220420", "hex");
/** RFC 8410 section 4: SubjectPublicKeyInfo of id-Ed25519 up to the 32 bytes of the key. */
const SPKI_PREFIX = Buffer.from("302a300506032b6570032100", "hex");

export interface Ed25519Key {
  /** 32 bytes, RFC 8032 encoding; public. */
  readonly publicKey: Uint8Array;
  /** 64 bytes over the whole message. */
  readonly sign: (message: Uint8Array) => Uint8Array;
}

/** The key of a 32-byte secret seed, which stays the caller's. Throws ED25519_KEY_MALFORMED. */
export function ed25519FromSeed(seed: Uint8Array): Ed25519Key {
  if (seed.length !== SEED_LENGTH) throw malformedKey("an Ed25519 seed has 32 bytes");
  const pkcs8 = Buffer.concat([PKCS8_PREFIX, seed]);
  const privateKey = createPrivateKey({ key: pkcs8, format: "der", type: "pkcs8" });
  pkcs8.fill(0);
  const spki = createPublicKey(privateKey).export({ format: "der", type: "spki" });
  return {
    publicKey: Uint8Array.from(spki.subarray(SPKI_PREFIX.length)),
    sign: (message) => Uint8Array.from(sign(null, message, privateKey)),
  };
}

/**
 * Whether `signature` is the key's over `message`. `publicKey` is 32 raw bytes.
 * Throws ED25519_KEY_MALFORMED when it is not a canonical point of large order.
 */
export function verifyEd25519(publicKey: Uint8Array, message: Uint8Array, signature: Uint8Array): boolean {
  refuseUnfitPublicKey(publicKey);
  if (signature.length !== SIGNATURE_LENGTH) return false;
  const spki = Buffer.concat([SPKI_PREFIX, publicKey]);
  return verify(null, message, createPublicKey({ key: spki, format: "der", type: "spki" }), signature);
}

function refuseUnfitPublicKey(publicKey: Uint8Array): void {
  if (publicKey.length !== PUBLIC_KEY_LENGTH) throw malformedKey("an Ed25519 public key has 32 bytes");
  let smallOrder: boolean;
  try {
    smallOrder = ed25519.Point.fromBytes(publicKey).isSmallOrder();
  } catch {
    throw malformedKey("an Ed25519 public key is not a canonical point");
  }
  if (smallOrder) throw malformedKey("an Ed25519 public key has small order");
}

function malformedKey(reason: string): CryptoError {
  return new CryptoError("ED25519_KEY_MALFORMED", `Refused a key: ${reason}.`);
}
