/**
 * A region's keys that pipelines share, as they are called in its token; whoever handles a key declares it.
 */
import type { KeyDeclaration } from "../runtime/hsm/keys.ts";

/** Providers seal batches to it (RFC 9180). */
export const hpkeKey = { label: "hpke", purpose: "p256-agreement" } as const satisfies KeyDeclaration;
/** Signs results and their credentials. */
export const issuerKey = { label: "issuer", purpose: "ed25519" } as const satisfies KeyDeclaration;
/** Signs the checkpoints of the region's log. */
export const logKey = { label: "log", purpose: "ed25519" } as const satisfies KeyDeclaration;
/** Derives what hides commitments: one that nobody can guess, and that a replay gives again. */
export const blindingKey = { label: "blinding", purpose: "hmac-sha256" } as const satisfies KeyDeclaration;
