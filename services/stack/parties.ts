/**
 * The parties of an embedded stack: makes each provider's and broker's keys where that party keeps them, and has the
 * providers sign what they agree to.
 */
import { randomBytes } from "node:crypto";
import { writeFileSync } from "node:fs";
import { join } from "node:path";
import { encodeBase64url } from "../../crypto/jws/base64url.ts";
import { canonicalBytes } from "../../crypto/jws/canonical.ts";
import type { Ed25519Key } from "../../crypto/jws/ed25519.ts";
import { requireConsistent, signCollaboration } from "../../documents/collaboration.ts";
import { publicKeyText } from "../../documents/signatures.ts";
import { validateDocument } from "../../documents/validate.ts";
import type { CollaborationEntry } from "../../schemas/avro/index.ts";
import type { Collaboration } from "../../schemas/json/collaboration.ts";
import { initBroker, initProvider, openBroker, openProvider } from "../keystore/parties.ts";
import type { Stack } from "./stack.ts";

/** Makes a provider's keystore in its agent's folder. */
export async function makeProvider(stack: Stack, provider: string): Promise<Ed25519Key> {
  const { file, passphrase } = keystoreIn(stack.partyFolder(provider));
  await initProvider(file, passphrase);
  return (await openProvider(file, passphrase)).identity;
}

/** Makes a broker's keystore in its client's folder. */
export async function makeBroker(stack: Stack, broker: string): Promise<Ed25519Key> {
  const { file, passphrase } = keystoreIn(stack.partyFolder(broker));
  await initBroker(file, passphrase);
  return openBroker(file, passphrase);
}

/** Where a party's keystore lies, under a fresh passphrase in a file beside it. */
function keystoreIn(dir: string): { file: string; passphrase: string } {
  const passphrase = encodeBase64url(randomBytes(24));
  writeFileSync(join(dir, "passphrase"), passphrase, { mode: 0o600 });
  return { file: join(dir, "keystore.json"), passphrase };
}

/** Fills the parties' keys into a collaboration and has every provider sign it. */
export async function agree(
  template: Collaboration,
  keys: ReadonlyMap<string, Ed25519Key>,
): Promise<CollaborationEntry> {
  const pin = <Party extends { id: string }>(party: Party): Party => {
    const key = keys.get(party.id);
    if (key === undefined) throw new Error(`${party.id} has no key`);
    return { ...party, key: publicKeyText(key.publicKey) };
  };
  const document = validateDocument("collaboration", {
    ...template,
    providers: template.providers.map(pin),
    brokers: template.brokers.map(pin),
  });
  requireConsistent(document);
  const signatures = document.providers.map(async ({ id }) => {
    const key = keys.get(id);
    if (key === undefined) throw new Error(`${id} has no key`);
    return { provider: id, signature: await signCollaboration(document, id, (bytes) => key.sign(bytes)) };
  });
  return {
    id: document.id,
    version: document.version,
    document: new TextDecoder().decode(canonicalBytes(document)),
    signatures: await Promise.all(signatures),
  };
}
