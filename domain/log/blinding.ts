/**
 * Secret randomness that is the same again: HMAC-SHA-256 under the region's unextractable blinding key, 32 bytes. Salts,
 * re-randomisations and nonces are drawn from it under a label and everything that they are for, so that a replay
 * gives the same bytes, and anything else other ones.
 */
export type BlindingSource = (message: Uint8Array) => Promise<Uint8Array>;
