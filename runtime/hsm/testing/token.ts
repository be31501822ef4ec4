/**
 * For the tests of runtime/hsm: real SoftHSM in a folder of its own, which goes when the tests have run. A test file is a
 * process, and within it everything happens on one thread, to which the library belongs.
 */
import assert from "node:assert/strict";
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after } from "node:test";
import pkcs11 from "pkcs11js";
import { openHsm } from "../hsm.ts";
import type { Hsm, HsmOptions } from "../hsm.ts";
import { sealingKey } from "../sealing-keys.ts";
import { closeToken, openToken } from "../token.ts";

const LIBRARY = process.env.PAVILION_TEST_PKCS11 ?? "/usr/lib/softhsm/libsofthsm2.so";
export const folder = mkdtempSync(join(tmpdir(), "pavilion-hsm-"));
const configFile = join(folder, "softhsm2.conf");
const PIN = "correct horse";

mkdirSync(join(folder, "tokens"));
writeFileSync(configFile, `directories.tokendir = ${join(folder, "tokens")}\nobjectstore.backend = file\n`);
process.env.SOFTHSM2_CONF = configFile;
after(() => {
  rmSync(folder, { recursive: true });
});

/** One key of each purpose, and two where keys of one purpose must not be mistaken for each other. */
export const hpke = { label: "hpke", purpose: "p256-agreement" } as const;
export const issuer = { label: "issuer", purpose: "ed25519" } as const;
export const log = { label: "log", purpose: "ed25519" } as const;
export const anchor = { label: "anchor", purpose: "secp256k1" } as const;
export const blinding = { label: "blinding", purpose: "hmac-sha256" } as const;
export const keys = [hpke, issuer, log, anchor, blinding, sealingKey] as const;

/** A fresh, empty token of that label. */
export function initialiseToken(tokenLabel: string): HsmOptions {
  const library = new pkcs11.PKCS11();
  library.load(LIBRARY);
  library.C_Initialize({ flags: pkcs11.CKF_OS_LOCKING_OK });
  const [slot] = library.C_GetSlotList(false).slice(-1);
  assert.ok(slot);
  // PKCS#11 reads 32 bytes of label, padded with blanks.
  library.C_InitToken(slot, "security officer", tokenLabel.padEnd(32));
  const session = library.C_OpenSession(slot, pkcs11.CKF_SERIAL_SESSION | pkcs11.CKF_RW_SESSION);
  library.C_Login(session, pkcs11.CKU_SO, "security officer");
  library.C_InitPIN(session, PIN);
  library.C_CloseSession(session);
  library.C_Finalize();
  library.close();
  return { libraryPath: LIBRARY, tokenLabel, pin: PIN, configFile, keys };
}

export async function withHsm<Result>(
  options: HsmOptions,
  use: (hsm: Hsm) => Promise<Result>,
): Promise<Result> {
  const hsm = await openHsm(options);
  try {
    return await use(hsm);
  } finally {
    await hsm.close();
  }
}

/** Handles of all objects of a label, for what the module itself never does: look inside, copy, delete. */
export function withObjects(
  options: HsmOptions,
  label: string,
  use: (library: pkcs11.PKCS11, session: pkcs11.Handle, objects: pkcs11.Handle[]) => void,
): void {
  const token = openToken(options, "write");
  try {
    token.library.C_FindObjectsInit(token.session, [{ type: pkcs11.CKA_LABEL, value: label }]);
    const objects = token.library.C_FindObjects(token.session, 10);
    token.library.C_FindObjectsFinal(token.session);
    use(token.library, token.session, objects);
  } finally {
    closeToken(token);
  }
}
