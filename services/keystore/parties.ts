/**
 * The keys of each kind of party: a provider signs and, where a collaboration makes it the sender, evaluates; a broker
 * signs.
 */
import { hkdfSync, randomBytes } from "node:crypto";
import { encodeBase64url } from "../../crypto/jws/base64url.ts";
import { ed25519FromSeed, type Ed25519Key } from "../../crypto/jws/ed25519.ts";
import { deriveKeyPair, type KeyPair } from "../../crypto/oprf/oprf.ts";
import { KEY_LENGTH } from "../../crypto/sealing/aes-gcm.ts";
import { createKeystore, openKeystore, secretIn } from "./keystore.ts";

const SEED_LENGTH = 32;
const STATE_KEY_LABEL = "pavilion/provider-state-key/v1";
const EPOCH_KEY_LABEL = "pavilion/oprf-epoch-key/v1";

export interface ProviderKeys {
  /** Signs the provider's documents; collaborations pin its public half. */
  readonly identity: Ed25519Key;
  /** The OPRF key of a collaboration's epoch, should this provider be its sender. */
  readonly epochKey: (collaboration: string, epoch: number) => KeyPair;
  /** Seals what the provider's agents keep for one another, 32 bytes; the same wherever the keystore is. */
  readonly stateKey: Uint8Array;
}

/** Makes a provider's keystore; the public identity key, base64url, is for its card. Throws CONFIG_INVALID. */
export async function initProvider(file: string, passphrase: string): Promise<{ identityKey: string }> {
  const identity = randomBytes(SEED_LENGTH);
  const oprfSeed = randomBytes(SEED_LENGTH);
  await createKeystore(file, passphrase, {
    identity: encodeBase64url(identity),
    oprfSeed: encodeBase64url(oprfSeed),
  });
  return { identityKey: encodeBase64url(ed25519FromSeed(identity).publicKey) };
}

/** The same for a broker. */
export async function initBroker(file: string, passphrase: string): Promise<{ identityKey: string }> {
  const identity = randomBytes(SEED_LENGTH);
  await createKeystore(file, passphrase, { identity: encodeBase64url(identity) });
  return { identityKey: encodeBase64url(ed25519FromSeed(identity).publicKey) };
}

/** Throws KEYSTORE_UNREADABLE. */
export async function openProvider(file: string, passphrase: string): Promise<ProviderKeys> {
  const secrets = await openKeystore(file, passphrase);
  const oprfSeed = secretIn(secrets, "oprfSeed", SEED_LENGTH);
  return {
    identity: ed25519FromSeed(secretIn(secrets, "identity", SEED_LENGTH)),
    epochKey: (collaboration, epoch) => deriveEpochKey(oprfSeed, collaboration, epoch),
    // RFC 5869. The seed is uniform, so no salt is needed.
    stateKey: new Uint8Array(hkdfSync("sha256", oprfSeed, "", STATE_KEY_LABEL, KEY_LENGTH)),
  };
}

/** Throws KEYSTORE_UNREADABLE. */
export async function openBroker(file: string, passphrase: string): Promise<Ed25519Key> {
  const secrets = await openKeystore(file, passphrase);
  return ed25519FromSeed(secretIn(secrets, "identity", SEED_LENGTH));
}

/**
 * RFC 9497 DeriveKeyPair: the same seed, collaboration and epoch give the same key, so that nothing but the seed is
 * kept; keys of two epochs or collaborations tell nothing of each other. `oprfSeed` is 32 secret bytes.
 */
export function deriveEpochKey(oprfSeed: Uint8Array, collaboration: string, epoch: number): KeyPair {
  const parts = [EPOCH_KEY_LABEL, collaboration, String(epoch)].map((part) => Buffer.from(part));
  const info = parts.flatMap((part) => [Uint8Array.of(part.length >>> 8, part.length & 0xff), part]);
  return deriveKeyPair(oprfSeed, Buffer.concat(info));
}
