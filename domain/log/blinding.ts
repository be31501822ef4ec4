/**
 * Secret randomness that is the same again: HMAC-SHA-256 under the region's unextractable blinding key, 32 bytes. Salts,
 * re-randomisations and nonces are drawn from it under a label and everything that they are for, so that a replay
 * gives the same bytes, and anything else other ones.
 */
import { canonicalBytes } from "../../crypto/jws/canonical.ts";

export type BlindingSource = (message: Uint8Array) => Promise<Uint8Array>;

/** A leaf's salt, 64 hex digits, of a label and everything that it is for. */
export async function saltOf(
  blinding: BlindingSource,
  label: string,
  ...about: readonly (string | number)[]
): Promise<string> {
  return Buffer.from(await blinding(canonicalBytes([label, ...about]))).toString("hex");
}
