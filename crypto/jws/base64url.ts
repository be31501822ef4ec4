/**
 * RFC 7515 section 2, base64url without padding, read strictly: a byte string has exactly one encoding. Padding,
 * white space, the other alphabet and non-zero trailing bits are refused, so that a signature cannot be re-spelt.
 */

export function encodeBase64url(bytes: Uint8Array): string {
  return Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength).toString("base64url");
}

/** The bytes, or undefined when `text` is not the canonical encoding of any. The empty string is no bytes. */
export function decodeBase64url(text: string): Uint8Array | undefined {
  const bytes = Uint8Array.from(Buffer.from(text, "base64url"));
  // Node's decoder is lenient; only what it would itself write back is accepted.
  return encodeBase64url(bytes) === text ? bytes : undefined;
}
