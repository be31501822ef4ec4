/**
 * Hybrid public key encryption: RFC 9180, base mode, DHKEM(P-256, HKDF-SHA256), HKDF-SHA256, AES-256-GCM, by @hpke/core. The
 * recipient's private key may live in an HSM (kem.ts).
 *
 * A context seals records in sequence: the n-th opens only as the n-th, under the same info and associated data. Promises
 * confidentiality and integrity towards the recipient's key; base mode says nothing about who sealed, and there is no forward
 * secrecy if the recipient's private key is lost. How many records there were is for the caller to bind.
 *
 * Codes: HPKE_INVALID_PUBLIC_KEY, HPKE_INVALID_ENC, HPKE_KEY_UNUSABLE, HPKE_INVALID_INPUT, HPKE_OPEN_FAILED.
 */
import type { webcrypto } from "node:crypto";
import { Aes256Gcm, CipherSuite, DhkemP256HkdfSha256, HkdfSha256, type KemInterface } from "@hpke/core";
import { CryptoError } from "../errors.ts";
import { BoundDhkem, type RecipientKey } from "./kem.ts";
import { requirePoint } from "./point.ts";

export type { RecipientKey } from "./kem.ts";

/** The longest `info`, in bytes, taken here: far above any label, far below what hashing would notice. */
const INFO_LENGTH_MAX = 65_536;
export const EPHEMERAL_SEED_LENGTH = 32;

/** The sender's end of one context. */
export interface Sealer {
  /** The encapsulated key, 65 bytes, that goes to the recipient once per context. */
  readonly enc: Uint8Array;
  /** Seals the next record of the sequence: ciphertext and 16-byte tag. Calls are taken in the order they are made. */
  readonly seal: (plaintext: Uint8Array, aad: Uint8Array) => Promise<Uint8Array>;
}

/** The recipient's end of one context. */
interface Opened {
  /**
   * Opens the next record of the sequence. Throws HPKE_OPEN_FAILED for another record, position, info, associated data
   * or key; the position then stays where it was. Calls are taken in the order they are made.
   */
  readonly open: (ciphertext: Uint8Array, aad: Uint8Array) => Promise<Uint8Array>;
}

/** Opens contexts for one recipient. */
export interface Opener {
  /** SetupBaseR, with one private-key operation. Throws HPKE_INVALID_ENC, HPKE_INVALID_INPUT, HPKE_KEY_UNUSABLE. */
  readonly setup: (enc: Uint8Array, info: Uint8Array) => Promise<Opened>;
}

/**
 * SetupBaseS towards a public key of 65 bytes. `ephemeralSeed`, 32 uniform secret bytes that are used for this context
 * alone, makes the ephemeral key by DeriveKeyPair (section 7.1.3); without it the platform's generator makes one.
 * Reusing a seed for the same recipient and info reuses AES-GCM nonces and breaks both contexts.
 */
export async function sealerTo(
  publicKey: Uint8Array,
  info: Uint8Array,
  ephemeralSeed?: Uint8Array,
): Promise<Sealer> {
  requirePoint(publicKey, "HPKE_INVALID_PUBLIC_KEY");
  requireInfo(info);
  if (ephemeralSeed !== undefined && ephemeralSeed.length !== EPHEMERAL_SEED_LENGTH) {
    throw new CryptoError("HPKE_INVALID_INPUT", `a seed has ${String(EPHEMERAL_SEED_LENGTH)} bytes`);
  }
  const suite = suiteWith(new DhkemP256HkdfSha256());
  const recipientPublicKey = await importPublicKey(suite, publicKey);
  const context = await suite.createSenderContext({
    recipientPublicKey,
    info,
    ...(ephemeralSeed === undefined ? {} : { ekm: ephemeralSeed }),
  });
  return {
    enc: new Uint8Array(context.enc),
    seal: async (plaintext, aad) => new Uint8Array(await context.seal(plaintext, aad)),
  };
}

/**
 * An opener for a key that is asked for one Diffie-Hellman per context. Throws HPKE_INVALID_PUBLIC_KEY. An error of
 * `deriveSharedSecret` reaches the caller of `setup` as it is.
 */
export function openerFor(recipient: RecipientKey): Opener {
  requirePoint(recipient.publicKey, "HPKE_INVALID_PUBLIC_KEY");
  const suite = suiteWith(new BoundDhkem(recipient));
  return {
    setup: async (enc, info) => {
      requireInfo(info);
      const recipientKey = await importPublicKey(suite, recipient.publicKey);
      const context = await suite.createRecipientContext({ recipientKey, enc, info });
      return {
        open: async (ciphertext, aad) => {
          try {
            return new Uint8Array(await context.open(ciphertext, aad));
          } catch {
            throw new CryptoError(
              "HPKE_OPEN_FAILED",
              "the record does not open at this position of this context",
            );
          }
        },
      };
    },
  };
}

/** A suite each: @hpke/core keeps state in its KEM and KDF objects. */
function suiteWith(kem: KemInterface): CipherSuite {
  return new CipherSuite({ kem, kdf: new HkdfSha256(), aead: new Aes256Gcm() });
}

/** The library declares its keys as the browser's type; Node's is the same object. */
async function importPublicKey(suite: CipherSuite, publicKey: Uint8Array): Promise<webcrypto.CryptoKey> {
  return (await suite.kem.deserializePublicKey(publicKey)) as webcrypto.CryptoKey;
}

function requireInfo(info: Uint8Array): void {
  if (info.length > INFO_LENGTH_MAX) {
    throw new CryptoError("HPKE_INVALID_INPUT", `info is longer than ${String(INFO_LENGTH_MAX)} bytes`);
  }
}
