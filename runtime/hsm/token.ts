/**
 * The PKCS#11 token (OASIS PKCS#11 v3.0 sections 5.4 to 5.6): loading the library, finding the token by its label,
 * logging in. Nothing else here names a module, so any PKCS#11 library will do.
 *
 * Promises: one open token a process, on the main thread: libraries keep global state and crash when worker threads
 * load them side by side. No error carries the PIN.
 */
import { isMainThread } from "node:worker_threads";
import pkcs11 from "pkcs11js";
import { PavilionError } from "../../errors/errors.ts";

/** Where a region's token is and how to log in. */
export interface TokenAddress {
  /** Path of the PKCS#11 library. */
  readonly libraryPath: string;
  /** The token's CKA label, at most 32 bytes; it names the region, and enters the derivation of its data keys. */
  readonly tokenLabel: string;
  /** The user's PIN; secret. */
  readonly pin: string;
  /** SoftHSM's configuration file, when that is the library. */
  readonly configFile?: string;
}

/** A token that is logged in. The login lasts as long as `session` is open. */
export interface Token {
  readonly library: pkcs11.PKCS11;
  readonly slot: pkcs11.Handle;
  readonly session: pkcs11.Handle;
  readonly label: string;
}

let openInThisProcess = false;

/**
 * Loads the library and logs in, for reading or, to provision, for writing.
 * Throws PavilionError HSM_UNAVAILABLE or HSM_LOGIN_FAILED.
 */
export function openToken(address: TokenAddress, access: "read" | "write"): Token {
  if (!isMainThread) throw unavailable("The HSM belongs to the main thread.");
  if (openInThisProcess) throw unavailable("This process has an HSM open already.");
  // SoftHSM reads its variable when the library initialises; process.env on the main thread is the real environment.
  if (address.configFile !== undefined) process.env.SOFTHSM2_CONF = address.configFile;
  const library = loadLibrary(address.libraryPath);
  openInThisProcess = true;
  try {
    const slot = findSlot(library, address.tokenLabel);
    const flags = pkcs11.CKF_SERIAL_SESSION | (access === "write" ? pkcs11.CKF_RW_SESSION : 0);
    const session = refusing("HSM_UNAVAILABLE", () => library.C_OpenSession(slot, flags));
    refusing("HSM_LOGIN_FAILED", () => {
      library.C_Login(session, pkcs11.CKU_USER, address.pin);
    });
    return { library, slot, session, label: address.tokenLabel };
  } catch (error) {
    unloadLibrary(library);
    throw error;
  }
}

/** Ends all sessions, which logs out, and unloads the library. Nothing may be running on the token any more. */
export function closeToken(token: Token): void {
  unloadLibrary(token.library);
}

/** Runs a PKCS#11 call; its failure becomes a PavilionError that names the return value (CKR_…) and nothing else. */
export function refusing<Result>(
  code: "HSM_UNAVAILABLE" | "HSM_LOGIN_FAILED" | "HSM_OPERATION_FAILED",
  call: () => Result,
): Result {
  try {
    return call();
  } catch (error) {
    throw hsmFailure(code, error);
  }
}

/** The PavilionError for what a PKCS#11 call threw. */
export function hsmFailure(
  code: "HSM_UNAVAILABLE" | "HSM_LOGIN_FAILED" | "HSM_OPERATION_FAILED",
  error: unknown,
): PavilionError {
  if (error instanceof PavilionError) return error;
  const returned = error instanceof Error ? /CKR_\w+/.exec(error.message)?.[0] : undefined;
  return new PavilionError(code, `The HSM answered ${returned ?? "with an unknown error"}.`);
}

function loadLibrary(path: string): pkcs11.PKCS11 {
  const library = new pkcs11.PKCS11();
  try {
    library.load(path);
  } catch {
    throw unavailable("The PKCS#11 library cannot be loaded.");
  }
  try {
    // Asynchronous calls run on Node's thread pool, so the library must lock.
    library.C_Initialize({ flags: pkcs11.CKF_OS_LOCKING_OK });
  } catch (error) {
    library.close();
    throw hsmFailure("HSM_UNAVAILABLE", error);
  }
  return library;
}

function unloadLibrary(library: pkcs11.PKCS11): void {
  try {
    library.C_Finalize();
  } catch {
    // The token is gone, and its sessions with it. Whoever closes can do no more, and may have an error to report.
  }
  library.close();
  openInThisProcess = false;
}

function findSlot(library: pkcs11.PKCS11, label: string): pkcs11.Handle {
  const slots = refusing("HSM_UNAVAILABLE", () =>
    library.C_GetSlotList(true).filter((slot) => library.C_GetTokenInfo(slot).label.trimEnd() === label),
  );
  const [slot] = slots;
  if (slot === undefined || slots.length > 1) {
    throw unavailable("There must be exactly one token with the configured label.");
  }
  return slot;
}

function unavailable(message: string): PavilionError {
  return new PavilionError("HSM_UNAVAILABLE", message);
}
