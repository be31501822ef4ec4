/**
 * The child process of softhsm.ts: makes one token through PKCS#11 (C_InitToken, C_InitPIN). Its request,
 * PINs included, comes on the standard input.
 */
import { text } from "node:stream/consumers";
import pkcs11js from "pkcs11js";
import type { TokenRequest } from "./softhsm.ts";

function makeToken(request: TokenRequest): void {
  const module = new pkcs11js.PKCS11();
  module.load(request.libraryPath);
  module.C_Initialize();
  try {
    const [slot] = module.C_GetSlotList(false);
    if (slot === undefined) throw new Error("the module has no slot");
    module.C_InitToken(slot, request.soPin, request.label.padEnd(32, " ")); // the module reads 32 bytes
    const session = module.C_OpenSession(slot, pkcs11js.CKF_SERIAL_SESSION | pkcs11js.CKF_RW_SESSION);
    module.C_Login(session, pkcs11js.CKU_SO, request.soPin);
    module.C_InitPIN(session, request.pin);
    module.C_Logout(session);
    module.C_CloseSession(session);
  } finally {
    module.C_Finalize();
  }
}

makeToken(JSON.parse(await text(process.stdin)) as TokenRequest);
