/**
 * The did:key method (W3C CCG, v0.7) for Ed25519: multicodec 0xed01, multibase base58btc.
 *
 * Promises: a key has exactly one DID and back. Does not: check that the bytes are a sound point (verification does),
 * resolve anything, or read other key types.
 */
import { base58 } from "@scure/base";
import { CryptoError } from "../errors.ts";

const PREFIX = "did:key:";
/** Multicodec `ed25519-pub`, 0xed as an unsigned varint. */
const MULTICODEC_ED25519 = Uint8Array.of(0xed, 0x01);
const PUBLIC_KEY_LENGTH = 32;
/** Base58 takes quadratic time; the DID of an Ed25519 key has 56 characters, of a P-521 key about 100. */
const DID_LENGTH_MAX = 128;

/** `did:key:z6Mk…` of a raw 32-byte Ed25519 public key. Throws CryptoError DID_MALFORMED for another length. */
export function didKeyOf(ed25519PublicKey: Uint8Array): string {
  if (ed25519PublicKey.length !== PUBLIC_KEY_LENGTH) throw malformed("an Ed25519 public key has 32 bytes");
  return `${PREFIX}z${base58.encode(Uint8Array.of(...MULTICODEC_ED25519, ...ed25519PublicKey))}`;
}

/**
 * The raw 32-byte Ed25519 public key of a did:key, without fragment.
 * Throws CryptoError DID_MALFORMED, or DID_KEY_TYPE_UNSUPPORTED for a did:key that is well-formed but not Ed25519.
 */
export function publicKeyOfDidKey(did: string): Uint8Array {
  if (!did.startsWith(`${PREFIX}z`) || did.length > DID_LENGTH_MAX)
    throw malformed("not a did:key in base58btc");
  let bytes: Uint8Array;
  try {
    bytes = base58.decode(did.slice(PREFIX.length + 1));
  } catch {
    throw malformed("not base58btc");
  }
  if (bytes[0] !== MULTICODEC_ED25519[0] || bytes[1] !== MULTICODEC_ED25519[1]) {
    throw new CryptoError("DID_KEY_TYPE_UNSUPPORTED", "The did:key does not hold an Ed25519 key.");
  }
  const publicKey = bytes.slice(MULTICODEC_ED25519.length);
  if (publicKey.length !== PUBLIC_KEY_LENGTH) throw malformed("an Ed25519 public key has 32 bytes");
  return publicKey;
}

/** Id of the key's only verification method, `did:key:z…#z…`: what a JWS names as `kid`. Throws DID_MALFORMED. */
export function verificationMethodOf(ed25519PublicKey: Uint8Array): string {
  const did = didKeyOf(ed25519PublicKey);
  return `${did}#${did.slice(PREFIX.length)}`;
}

function malformed(reason: string): CryptoError {
  return new CryptoError("DID_MALFORMED", `Refused a DID or its key: ${reason}.`);
}
