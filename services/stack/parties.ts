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
import { requireConsistent, signCollaboration } from "../../domain/terms/collaboration.ts";
import { publicKeyText } from "../../domain/terms/signatures.ts";
import { requirePopulation, signersOf, signPopulation } from "../../domain/terms/population.ts";
import { validateDocument } from "../../schemas/reading/validate.ts";
import type { CollaborationEntry, PopulationEntry } from "../../schemas/avro/index.ts";
import type { Collaboration } from "../../schemas/json/collaboration.ts";
import type { RegionCard } from "../../schemas/json/region-card.ts";
import type { Population } from "../../schemas/json/population.ts";
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

type Keys = ReadonlyMap<string, Ed25519Key>;

/** Fills the parties' keys into a collaboration and has every provider sign it. */
export async function agree(template: Collaboration, keys: Keys): Promise<CollaborationEntry> {
  const pin = <Party extends { id: string }>(party: Party): Party => ({
    ...party,
    key: keyTextOf(party.id, keys),
  });
  const document = validateDocument("collaboration", {
    ...template,
    providers: template.providers.map(pin),
    brokers: template.brokers.map(pin),
  });
  requireConsistent(document);
  const sign = (id: string): Promise<string> =>
    signCollaboration(document, id, (bytes) => keyOf(id, keys).sign(bytes));
  return entryOf(document, document.providers, sign);
}

/** Fills the keys of its providers and of its home into a population and has every provider sign it. */
export async function agreeOnPopulation(
  template: Population,
  card: RegionCard,
  keys: Keys,
): Promise<PopulationEntry> {
  const { sealingKey, logKey } = card;
  const document = validateDocument("population", {
    ...template,
    homes: template.homes.map((home) => ({ ...home, sealingKey, logKey })),
    datasets: template.datasets.map((one) => ({ ...one, key: keyTextOf(one.provider, keys) })),
  });
  requirePopulation(document);
  const sign = (id: string): Promise<string> =>
    signPopulation(document, id, (bytes) => keyOf(id, keys).sign(bytes));
  return entryOf(document, signersOf(document), sign);
}

async function entryOf(
  document: Collaboration | Population,
  signers: readonly { readonly id: string }[],
  sign: (id: string) => Promise<string>,
) {
  const signatures = signers.map(async ({ id }) => ({ provider: id, signature: await sign(id) }));
  const { id, version } = document;
  const text = new TextDecoder().decode(canonicalBytes(document));
  return { id, version, document: text, signatures: await Promise.all(signatures), departures: [] };
}

function keyOf(id: string, keys: Keys): Ed25519Key {
  const key = keys.get(id);
  if (key === undefined) throw new Error(`${id} has no key`);
  return key;
}

const keyTextOf = (id: string, keys: Keys): string => publicKeyText(keyOf(id, keys).publicKey);
