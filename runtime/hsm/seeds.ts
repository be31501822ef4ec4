/**
 * The keys behind seeds: made in the token, found, destroyed, each by its own label. They are the only keys that come
 * and go while the region runs, so only these calls ask for a session that may write, each for itself.
 *
 * Promises: within a process, making a key that is there makes none, whoever calls at the same time; where two
 * processes made one at once there are two, and both are refused from then on rather than one chosen. Does not: wipe
 * what a token leaves behind of a destroyed key. SoftHSM removes its file; a hardware token clears its memory.
 */
import pkcs11 from "pkcs11js";
import { PavilionError } from "../../errors/errors.ts";
import { findKey, generateKey, objectsOf, seedObjectsOf } from "./keys.ts";
import type { KeyKind } from "./keys.ts";
import { closeToken, openToken, refusing } from "./token.ts";
import type { Token, TokenAddress } from "./token.ts";

/** Throws PavilionError HSM_OPERATION_FAILED, HSM_UNAVAILABLE, or HSM_KEY_MISSING when what is there is unfit. */
export function createSeedKey(token: Token, kind: KeyKind): void {
  if (objectsOf(token, kind).length === 0) {
    withWriteSession(token, (session) => {
      generateKey(token.library, session, kind);
    });
  }
  findKey(token, kind);
}

/** The key's handle. Throws PavilionError HSM_KEY_MISSING when it is not there, or not as it must be. */
export function findSeedKey(token: Token, kind: KeyKind): pkcs11.Handle {
  return findKey(token, kind).secret;
}

/** Destroys every object of the label, doubles too. Throws PavilionError HSM_OPERATION_FAILED or HSM_UNAVAILABLE. */
export function destroySeedKey(token: Token, kind: KeyKind): void {
  for (let objects = objectsOf(token, kind); objects.length > 0; objects = objectsOf(token, kind)) {
    const found = objects;
    withWriteSession(token, (session) => {
      for (const object of found) token.library.C_DestroyObject(session, object);
    });
  }
}

/**
 * Destroys the keys of all seeds in a token, for good; answers how many there were. For a token that was put back from a
 * copy: it holds keys again that were destroyed since. Run it alone, as `provisionKeys` says. Throws PavilionError
 * HSM_UNAVAILABLE, HSM_LOGIN_FAILED, or HSM_OPERATION_FAILED where some are left.
 */
export function destroyAllSeeds(address: TokenAddress): number {
  const token = openToken(address, "write");
  try {
    const seeds = seedObjectsOf(token);
    refusing("HSM_OPERATION_FAILED", () => {
      for (const seed of seeds) token.library.C_DestroyObject(token.session, seed);
    });
    if (seedObjectsOf(token).length === 0) return seeds.length;
    throw new PavilionError(
      "HSM_OPERATION_FAILED",
      "The HSM kept keys of seeds that it was told to destroy.",
    );
  } finally {
    closeToken(token);
  }
}

function withWriteSession({ library, slot }: Token, use: (session: pkcs11.Handle) => void): void {
  const flags = pkcs11.CKF_SERIAL_SESSION | pkcs11.CKF_RW_SESSION;
  const session = refusing("HSM_UNAVAILABLE", () => library.C_OpenSession(slot, flags));
  try {
    refusing("HSM_OPERATION_FAILED", () => {
      use(session);
    });
  } finally {
    library.C_CloseSession(session);
  }
}
