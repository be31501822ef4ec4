/**
 * A region's HSM over PKCS#11: the operations its stages need, on keys that never leave the token.
 *
 * Promises: keys stay in the token, and each is used for its declared purpose alone; opening creates nothing and refuses a
 * key that is missing, doubled or unfit (keys.ts); operations run on Node's thread pool, several at a time.
 * Does not: keep in the token what is derived of a key. An agreement, a MAC and a seed come into this process's memory, the
 * data keys that records are sealed with among them (sealing-keys.ts): whoever reads that memory can read what they seal. Nor
 * reclaim all memory of a derivation: SoftHSM 2.6 and the binding keep about 0.7 KB of each, which one a batch makes bearable.
 */
import { ECDH } from "node:crypto";
import pkcs11 from "pkcs11js";
import { PavilionError } from "../../errors/errors.ts";
import {
  CKM_EDDSA,
  distinctKeys,
  findKey,
  kindOf,
  seedKind,
  type KeyDeclaration,
  type KeyPurpose,
} from "./keys.ts";
import { lowS } from "./low-s.ts";
import { createSeedKey, destroySeedKey, findSeedKey } from "./seeds.ts";
import { SessionPool } from "./session-pool.ts";
import { closeToken, openToken } from "./token.ts";
import type { Token, TokenAddress } from "./token.ts";

const SESSIONS_DEFAULT = 4;
const SEED_MESSAGE = Buffer.from("pavilion/seed/v1");

export interface HsmOptions extends TokenAddress {
  /** The keys that are used: each has to be there, and no other can be asked for. */
  readonly keys: readonly KeyDeclaration[];
  /** Operations that run at once, 1 or more; 4 unless given. */
  readonly sessions?: number;
}

/** A key in the token, as its purpose lets it be used (`KeyPurpose` says how). */
export interface HsmKey {
  /** Empty where the purpose has none. */
  readonly publicKey: Uint8Array;
  readonly operate: (input: Uint8Array) => Promise<Uint8Array>;
}

/**
 * Each operation rejects with PavilionError HSM_OPERATION_FAILED, or HSM_UNAVAILABLE once closed or overrun. After a
 * failure it may be tried again: all are functions of key and input alone, but for ECDSA, of whose signatures each is another
 * and as good, and the two that make and destroy seeds, of which a second call finds nothing to do.
 */
export interface Hsm {
  /** Throws for a key that was not declared, or for another purpose. */
  readonly key: (declared: KeyDeclaration) => HsmKey;
  /** Makes the key of a seed in the token; does nothing where it is there. Numbers are 0 … 2^32 − 1, else RangeError. */
  readonly createSeed: (number: number) => Promise<void>;
  /** A seed, 64 bytes, secret, a function of its key alone. Rejects with HSM_KEY_MISSING where there is no such key. */
  readonly seed: (number: number) => Promise<Uint8Array>;
  /** Destroys the key of a seed in the token, for good; does nothing where there is none. */
  readonly destroySeed: (number: number) => Promise<void>;
  /** Waits for what runs, refuses what waits, logs out and unloads the library. May be called twice. */
  readonly close: () => Promise<void>;
}

/**
 * Opens the region's token; one at a time in a process. Rejects with PavilionError HSM_UNAVAILABLE, HSM_LOGIN_FAILED
 * or HSM_KEY_MISSING.
 */
export function openHsm(options: HsmOptions): Promise<Hsm> {
  // PKCS#11 opens synchronously; a promise all the same, so that callers handle one kind of failure.
  return Promise.resolve(options).then(open);
}

function open(options: HsmOptions): Hsm {
  const token = openToken(options, "read");
  try {
    const found = distinctKeys(options.keys).map((declared) => ({
      declared,
      found: findKey(token, kindOf(declared)),
    }));
    const pool = new SessionPool(token, options.sessions ?? SESSIONS_DEFAULT);
    const operations = operationsOn(token, pool);
    const keys = found.map(({ declared, found: { secret, publicPoint: publicKey } }) => {
      const operate = operations[declared.purpose];
      return { declared, key: { publicKey, operate: (input: Uint8Array) => operate(secret, input) } };
    });
    let closing: Promise<void> | undefined;
    return {
      key: keyring(keys),
      ...seedOperations(token, pool),
      close: () =>
        (closing ??= pool.close().then(() => {
          closeToken(token);
        })),
    };
  } catch (error) {
    closeToken(token);
    throw error;
  }
}

/** Hands out keys, each for its own purpose alone. */
export function keyring(
  keys: readonly { readonly declared: KeyDeclaration; readonly key: HsmKey }[],
): Hsm["key"] {
  const byLabel = new Map(keys.map((entry) => [entry.declared.label, entry]));
  return (asked) => {
    const found = byLabel.get(asked.label);
    if (found?.declared.purpose === asked.purpose) return found.key;
    throw undeclaredKey(asked);
  };
}

/** A defect of whoever asks: it uses what it does not declare. */
export const undeclaredKey = ({ label, purpose }: KeyDeclaration): Error =>
  new Error(`no key ${label} for ${purpose} was declared here`);

/** The operation of each purpose, with a key of it. */
function operationsOn(
  { library }: Token,
  pool: SessionPool,
): Readonly<Record<KeyPurpose, (key: pkcs11.Handle, input: Uint8Array) => Promise<Uint8Array>>> {
  const signing = (mechanism: number, length: number) => (key: pkcs11.Handle, message: Uint8Array) => {
    const input = ownCopy(message);
    return pool.run((session) => signIn(library, session, mechanism, key, input, length));
  };
  const ecdsa = signing(pkcs11.CKM_ECDSA, 64);
  return {
    ed25519: signing(CKM_EDDSA, 64),
    secp256k1: async (key, digest) => lowS(await ecdsa(key, checkedDigest(digest))),
    async "p256-agreement"(key, peerPublicKey) {
      const peer = checkedPoint(peerPublicKey);
      return pool.run((session) => deriveIn(library, session, key, peer));
    },
    "hmac-sha256": signing(pkcs11.CKM_SHA256_HMAC, 32),
  };
}

/** Seeds come and go while the HSM is open, in other processes too, so each call looks for the key anew. */
function seedOperations(token: Token, pool: SessionPool): Pick<Hsm, "createSeed" | "seed" | "destroySeed"> {
  return {
    createSeed: async (number) => {
      const kind = seedKind(number);
      return pool.run(() => {
        createSeedKey(token, kind);
      });
    },
    seed: async (number) => {
      const kind = seedKind(number);
      const input = ownCopy(SEED_MESSAGE);
      return pool.run((session) => {
        const key = findSeedKey(token, kind);
        return signIn(token.library, session, pkcs11.CKM_SHA512_HMAC, key, input, 64);
      });
    },
    destroySeed: async (number) => {
      const kind = seedKind(number);
      return pool.run(() => {
        destroySeedKey(token, kind);
      });
    },
  };
}

function checkedDigest(digest: Uint8Array): Uint8Array {
  if (digest.length !== 32) throw new RangeError("Digests of 32 bytes are signed.");
  return digest;
}

async function signIn(
  library: pkcs11.PKCS11,
  session: pkcs11.Handle,
  mechanism: number,
  key: pkcs11.Handle,
  input: Buffer,
  length: number,
): Promise<Uint8Array> {
  try {
    library.C_SignInit(session, { mechanism }, key);
    const output = await library.C_SignAsync(session, input, Buffer.alloc(length));
    if (output.length !== length)
      throw failed("The HSM's answer does not have the length that was asked for.");
    return Uint8Array.from(output);
  } finally {
    // The binding holds a bare pointer to `input` while another thread runs the call. Using it here keeps it from
    // being collected before.
    input.fill(0);
  }
}

/**
 * A copy, made before the operation waits its turn, that the caller cannot change. One byte longer underneath, since
 * the binding would hand an empty buffer on as a null pointer, which the token refuses.
 */
function ownCopy(message: Uint8Array): Buffer {
  const copy = Buffer.alloc(message.length + 1);
  copy.set(message);
  return copy.subarray(0, message.length);
}

/** PKCS#11 has no call that answers with the secret itself: it makes a session object, read once and destroyed. */
async function deriveIn(
  library: pkcs11.PKCS11,
  session: pkcs11.Handle,
  key: pkcs11.Handle,
  peer: Buffer,
): Promise<Uint8Array> {
  const parameter = { type: pkcs11.CK_PARAMS_EC_DH, kdf: pkcs11.CKD_NULL, publicData: peer };
  const mechanism = { mechanism: pkcs11.CKM_ECDH1_DERIVE, parameter };
  let derived: pkcs11.Handle;
  try {
    derived = await library.C_DeriveKeyAsync(session, mechanism, key, SHARED_SECRET_TEMPLATE);
  } finally {
    // As in signIn: the binding points into `peer` until here.
    peer.fill(0);
  }
  try {
    const [attribute] = library.C_GetAttributeValue(session, derived, [{ type: pkcs11.CKA_VALUE }]);
    if (attribute?.value.length !== 32)
      throw failed("The HSM's answer does not have the length that was asked for.");
    const secret = Uint8Array.from(attribute.value);
    attribute.value.fill(0);
    return secret;
  } finally {
    library.C_DestroyObject(session, derived);
  }
}

const SHARED_SECRET_TEMPLATE: pkcs11.Template = [
  { type: pkcs11.CKA_CLASS, value: pkcs11.CKO_SECRET_KEY },
  { type: pkcs11.CKA_KEY_TYPE, value: pkcs11.CKK_GENERIC_SECRET },
  { type: pkcs11.CKA_VALUE_LEN, value: 32 },
  { type: pkcs11.CKA_TOKEN, value: false },
  { type: pkcs11.CKA_PRIVATE, value: true },
  { type: pkcs11.CKA_SENSITIVE, value: false },
  { type: pkcs11.CKA_EXTRACTABLE, value: true },
];

/** A copy of the peer's point, checked here since not every token does: off the curve it would leak the key. */
function checkedPoint(peerPublicKey: Uint8Array): Buffer {
  if (peerPublicKey.length !== 65 || peerPublicKey[0] !== 0x04) {
    throw failed("The peer's key is not an uncompressed P-256 point.");
  }
  try {
    ECDH.convertKey(peerPublicKey, "prime256v1");
  } catch {
    throw failed("The peer's key is not a point of P-256.");
  }
  return ownCopy(peerPublicKey);
}

function failed(message: string): PavilionError {
  return new PavilionError("HSM_OPERATION_FAILED", message);
}
