/**
 * Making a region's keys in its token: run once at set-up, and harmless when run again.
 *
 * Why not on opening: PKCS#11 has no "create unless there", so two processes that started together could make a key
 * twice, and seal under one what only the other opens. Opening therefore creates nothing and refuses doubles.
 */
import { distinctKeys, findKey, generateKey, kindOf, objectsOf, type KeyDeclaration } from "./keys.ts";
import { closeToken, openToken } from "./token.ts";
import type { TokenAddress } from "./token.ts";

/**
 * Makes whichever of the declared keys the token lacks; answers their labels. Existing keys are checked, never
 * replaced. Run it alone: no process may have this token open for provisioning at the same time, and this process
 * no HSM at all. Throws PavilionError HSM_UNAVAILABLE, HSM_LOGIN_FAILED, HSM_OPERATION_FAILED, or HSM_KEY_MISSING
 * when a key is there but unfit.
 */
export function provisionKeys(address: TokenAddress, keys: readonly KeyDeclaration[]): string[] {
  const token = openToken(address, "write");
  try {
    const kinds = distinctKeys(keys).map(kindOf);
    const missing = kinds.filter((kind) => objectsOf(token, kind).length === 0);
    for (const kind of missing) generateKey(token.library, token.session, kind);
    // Afterwards, all of them: what was made must have come out as asked, and nobody else must have made it too.
    for (const kind of kinds) findKey(token, kind);
    return missing.map(({ label }) => label);
  } finally {
    closeToken(token);
  }
}
