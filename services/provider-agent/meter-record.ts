/**
 * A record of the sender's meter, as it lies in the provider's own topic and as an agent keeps the newest it has seen:
 * signed by the provider, naming the record before it, and sealed (AES-256-GCM under a key that is derived from the
 * provider's keystore) for its own agents, bound to region, provider and collaboration.
 *
 * Promises: nobody without the keystore reads, makes or changes one, or puts it in another collaboration's place. Does
 * not: show that it is the newest; the sequence and the digest of the one before let an agent see that one which it knows
 * has been taken back.
 */
import { decrypt, encrypt, NONCE_LENGTH } from "../../crypto/sealing/aes-gcm.ts";
import { CryptoError } from "../../crypto/errors.ts";
import { canonicalBytes, digestOf } from "../../crypto/jws/canonical.ts";
import { signDetached, verifyDetached, type JwsSigner } from "../../crypto/jws/jws.ts";
import { signatureType, validateDocument } from "../../schemas/reading/validate.ts";
import { PavilionError } from "../../errors/errors.ts";
import type { ProviderStateDocument } from "../../schemas/json/provider-state.ts";
import type { Self } from "./membership.ts";

/** Whose record, and of which collaboration. */
export interface RecordPlace {
  readonly self: Self;
  readonly collaboration: string;
}

/** A record that was opened, with the bytes that it was sealed in. */
export interface MeterRecord {
  readonly document: ProviderStateDocument;
  readonly digest: string;
  readonly sealed: Buffer;
}

export async function sealRecord(
  { self, collaboration }: RecordPlace,
  body: Omit<ProviderStateDocument, "type" | "region" | "provider" | "collaboration">,
  keys: { readonly stateKey: Uint8Array; readonly sign: JwsSigner },
  randomBytes: (length: number) => Uint8Array,
): Promise<MeterRecord> {
  const { region, provider } = self;
  const place = { type: "pavilion/provider-state", region, provider, collaboration } as const;
  const document = validateDocument("provider-state", { ...place, ...body });
  const header = { typ: signatureType("provider-state"), kid: provider };
  const signature = await signDetached(document, header, keys.sign);
  const nonce = randomBytes(NONCE_LENGTH);
  const text = canonicalBytes({ document, signature });
  const ciphertext = encrypt(keys.stateKey, nonce, text, bindingOf(self, collaboration));
  return { document, digest: digestOf(document), sealed: Buffer.concat([nonce, ciphertext]) };
}

/** Throws STATE_UNSOUND for what this provider did not seal and sign for the place. */
export function openRecord(
  { self, collaboration }: RecordPlace,
  sealed: Buffer,
  stateKey: Uint8Array,
): MeterRecord {
  try {
    const binding = bindingOf(self, collaboration);
    const text = decrypt(stateKey, sealed.subarray(0, NONCE_LENGTH), sealed.subarray(NONCE_LENGTH), binding);
    const { document: read, signature } = JSON.parse(new TextDecoder().decode(text)) as Record<
      string,
      unknown
    >;
    const document = validateDocument("provider-state", read);
    const typ = signatureType("provider-state");
    verifyDetached(document, String(signature), { typ, publicKey: self.publicKey });
    return { document, digest: digestOf(document), sealed };
  } catch (error) {
    if (!(error instanceof CryptoError || error instanceof PavilionError)) throw error;
    throw new PavilionError(
      "STATE_UNSOUND",
      `A record of the meter of ${collaboration} is not this provider's.`,
      "It is passed over.",
      { cause: error },
    );
  }
}

/**
 * Throws REGION_BEHIND where the topic's newest record is not the one that the agent has seen, or one after it: the topic
 * was taken back, or two histories of it exist.
 */
export function requireNotBehind(topic: MeterRecord | undefined, seen: MeterRecord | undefined): void {
  if (seen === undefined) return;
  const has = topic?.document.sequence ?? 0;
  const { sequence, collaboration } = seen.document;
  const goesOn =
    has > sequence + 1 ||
    (has === sequence + 1 && topic?.document.previous === seen.digest) ||
    topic?.digest === seen.digest;
  if (goesOn) return;
  const state =
    has < sequence
      ? `record ${String(has)} is its newest, and this agent has seen record ${String(sequence)}`
      : "it does not go on from what this agent has seen";
  throw new PavilionError(
    "REGION_BEHIND",
    `The provider's own topic has lost records of the meter of ${collaboration}: ${state}. Nothing is evaluated.`,
  );
}

const bindingOf = ({ region, provider }: Self, collaboration: string): Uint8Array =>
  new TextEncoder().encode(["pavilion/provider-state/v1", region, provider, collaboration].join("\n"));
