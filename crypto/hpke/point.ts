/** Public keys of HPKE as documents and messages carry them: points on P-256. By itself, so that who only checks one loads no KEM. */
import { ECDH } from "node:crypto";
import { CryptoError } from "../errors.ts";

const PUBLIC_KEY_LENGTH = 65;
const UNCOMPRESSED = 0x04;

/**
 * Throws `code` unless `bytes` is an uncompressed point on P-256: 65 bytes, 0x04, coordinates below the field prime that
 * satisfy the curve equation. P-256 has cofactor 1, and the point at infinity has no such encoding.
 */
export function requirePoint(bytes: Uint8Array, code: string): void {
  if (bytes.length !== PUBLIC_KEY_LENGTH || bytes[0] !== UNCOMPRESSED || !isOnCurve(bytes)) {
    throw new CryptoError(code, "not an uncompressed point on P-256");
  }
}

function isOnCurve(bytes: Uint8Array): boolean {
  try {
    ECDH.convertKey(bytes, "prime256v1");
    return true;
  } catch {
    return false;
  }
}
