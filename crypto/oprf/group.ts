/**
 * The prime-order group ristretto255 (RFC 9496) with the hashes of the suite ristretto255-SHA512 (RFC 9497 section 4.1)
 * in VOPRF mode, on libsodium compiled to WebAssembly.
 *
 * Promises that an element which passed `deserializeElement` is canonical and not the identity, and a scalar which passed
 * `deserializeScalar` is canonical and not zero. libsodium's C code is constant-time; what the WebAssembly engine
 * makes of it is not guaranteed.
 *
 * libsodium itself takes the identity for a valid point and a scalar above the order for its residue; hence the checks.
 */
import { createHash } from "node:crypto";
import sodium from "libsodium-wrappers-sumo";
import { CryptoError } from "../errors.ts";

await sodium.ready;

const ELEMENT_LENGTH = 32;
export const SCALAR_LENGTH = 32;
export const HASH_LENGTH = 64;

const MODE_VOPRF = 0x01;
const SHA512_BLOCK_LENGTH = 128;
const IDENTITY = new Uint8Array(ELEMENT_LENGTH);

/** `"OPRFV1-" || I2OSP(mode, 1) || "-" || identifier`, RFC 9497 section 3.1. */
const contextString: Uint8Array = Buffer.concat([
  Buffer.from("OPRFV1-"),
  Uint8Array.of(MODE_VOPRF),
  Buffer.from("-ristretto255-SHA512"),
]);

/** A domain separation tag of this suite: the label, then the context string. */
export function domainTag(label: string): Uint8Array {
  return Buffer.concat([Buffer.from(label), contextString]);
}

const HASH_TO_GROUP_TAG = domainTag("HashToGroup-");
const HASH_TO_SCALAR_TAG = domainTag("HashToScalar-");

/** SHA-512 over the parts, without copying them together. */
export function hash(parts: readonly Uint8Array[]): Uint8Array {
  const digest = createHash("sha512");
  for (const part of parts) digest.update(part);
  return digest.digest();
}

/** I2OSP(value, 2) of RFC 8017: two bytes, most significant first. `value` lies in 0..65535. */
export function twoBytes(value: number): Uint8Array {
  return Uint8Array.of(value >>> 8, value & 0xff);
}

/** `I2OSP(len(bytes), 2) || bytes`, as two parts. */
export function lengthPrefixed(bytes: Uint8Array): [Uint8Array, Uint8Array] {
  return [twoBytes(bytes.length), bytes];
}

/** expand_message_xmd of RFC 9380 section 5.3.1 for exactly 64 bytes, so that a single output block is enough. */
function expandMessage(message: readonly Uint8Array[], tag: Uint8Array): Uint8Array {
  const tagPrime = [tag, Uint8Array.of(tag.length)];
  const first = hash([
    new Uint8Array(SHA512_BLOCK_LENGTH),
    ...message,
    twoBytes(HASH_LENGTH),
    Uint8Array.of(0),
    ...tagPrime,
  ]);
  return hash([first, Uint8Array.of(1), ...tagPrime]);
}

/** HashToGroup. Throws OPRF_INVALID_INPUT for an input that maps to the identity, which nobody can find. */
export function hashToGroup(input: Uint8Array): Uint8Array {
  const element = sodium.crypto_core_ristretto255_from_hash(expandMessage([input], HASH_TO_GROUP_TAG));
  if (sodium.memcmp(element, IDENTITY)) {
    throw new CryptoError("OPRF_INVALID_INPUT", "the input maps to the identity element");
  }
  return element;
}

/** HashToScalar; the result may be zero. `tag` defaults to the suite's. */
export function hashToScalar(
  message: readonly Uint8Array[],
  tag: Uint8Array = HASH_TO_SCALAR_TAG,
): Uint8Array {
  return reduceWide(expandMessage(message, tag));
}

/** 64 bytes, little-endian, modulo the group order. Uniform bytes give a scalar within 2^-259 of uniform. */
export function reduceWide(bytes: Uint8Array): Uint8Array {
  return sodium.crypto_core_ristretto255_scalar_reduce(bytes);
}

/** DeserializeElement with the check of RFC 9497 section 3.3. Throws OPRF_INVALID_ELEMENT. */
export function deserializeElement(bytes: Uint8Array): Uint8Array {
  const valid =
    bytes.length === ELEMENT_LENGTH &&
    sodium.crypto_core_ristretto255_is_valid_point(bytes) &&
    !sodium.memcmp(bytes, IDENTITY);
  if (!valid) {
    throw new CryptoError(
      "OPRF_INVALID_ELEMENT",
      "not the canonical encoding of an element other than the identity",
    );
  }
  return bytes;
}

/** DeserializeScalar, which here refuses zero too. Throws OPRF_INVALID_SCALAR. In constant time. */
export function deserializeScalar(bytes: Uint8Array): Uint8Array {
  if (bytes.length !== SCALAR_LENGTH || sodium.is_zero(bytes) || !isReduced(bytes)) {
    throw new CryptoError("OPRF_INVALID_SCALAR", "not the canonical encoding of a scalar other than zero");
  }
  return bytes;
}

function isReduced(bytes: Uint8Array): boolean {
  const wide = new Uint8Array(2 * SCALAR_LENGTH);
  wide.set(bytes);
  return sodium.memcmp(reduceWide(wide), bytes);
}

export function isZeroScalar(scalar: Uint8Array): boolean {
  return sodium.is_zero(scalar);
}

/**
 * scalar · element for a deserialized, non-zero scalar. Throws OPRF_INVALID_ELEMENT where libsodium refuses: an
 * invalid element, or a product that is the identity.
 */
export function multiply(scalar: Uint8Array, element: Uint8Array): Uint8Array {
  try {
    return sodium.crypto_scalarmult_ristretto255(scalar, element);
  } catch {
    throw new CryptoError("OPRF_INVALID_ELEMENT", "the group refused the element or the product");
  }
}

/** scalar · generator for a deserialized, non-zero scalar. */
export function multiplyBase(scalar: Uint8Array): Uint8Array {
  return sodium.crypto_scalarmult_ristretto255_base(scalar);
}

/** The sum of two valid elements; it may be the identity. */
export function add(left: Uint8Array, right: Uint8Array): Uint8Array {
  return sodium.crypto_core_ristretto255_add(left, right);
}

/** 1 / scalar for a non-zero scalar. */
export function invert(scalar: Uint8Array): Uint8Array {
  return sodium.crypto_core_ristretto255_scalar_invert(scalar);
}

/** minuend − left · right, modulo the order: the response of a Schnorr proof. */
export function subtractProduct(minuend: Uint8Array, left: Uint8Array, right: Uint8Array): Uint8Array {
  return sodium.crypto_core_ristretto255_scalar_sub(
    minuend,
    sodium.crypto_core_ristretto255_scalar_mul(left, right),
  );
}

/** Equality in constant time, for byte strings of equal length. */
export function equal(left: Uint8Array, right: Uint8Array): boolean {
  return left.length === right.length && sodium.memcmp(left, right);
}
