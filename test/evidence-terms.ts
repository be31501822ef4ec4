/**
 * Who takes part in the verifier's tests, and what they agreed on: a broker, two providers, connectors of a region, and
 * a collaboration over a dozen people whom both providers know. All keys come from names.
 */
import { createECDH, createHash } from "node:crypto";
import { readFileSync } from "node:fs";
import { didKeyOf, verificationMethodOf } from "../crypto/did/did-key.ts";
import { digestOf } from "../crypto/jws/canonical.ts";
import { ed25519FromSeed, type Ed25519Key } from "../crypto/jws/ed25519.ts";
import { signCollaboration } from "../domain/terms/collaboration.ts";
import { signPopulation } from "../domain/terms/population.ts";
import { publicKeyText } from "../domain/terms/signatures.ts";
import type { Values } from "../domain/statistics/coordinates.ts";
import { originOf } from "../domain/log/leaves.ts";
import type { Collaboration } from "../schemas/json/collaboration.ts";
import type { BundledCollaboration, BundledPopulation } from "../schemas/json/evidence-bundle.ts";
import type { Population } from "../schemas/json/population.ts";
import type { Trust } from "../schemas/json/trust.ts";
import type { Issuer } from "../domain/credentials/result-credential.ts";
import type { EvidenceChain } from "../crypto/ethereum/testing/miniature-chain.ts";

export const REGION = "au-east";
/** Groups below it are suppressed. */
export const MINIMUM = 3;

const root = new URL("../", import.meta.url);
const fileHash = (path: string): string =>
  createHash("sha256")
    .update(readFileSync(new URL(path, root)))
    .digest("hex");
export const policyHash = fileHash("domain/policy/policy.wasm");
export const circuitHash = fileHash("circuits/release/artifacts/verification-key.json");

const hexOf = (text: string): string => createHash("sha256").update(text).digest("hex");

export const keyNamed = (name: string): Ed25519Key =>
  ed25519FromSeed(Uint8Array.from(createHash("sha256").update(name).digest()));

/** The parties that sign what a question is about. */
export interface Parties {
  readonly broker: Ed25519Key;
  readonly providers: Readonly<Record<"north" | "south", Ed25519Key>>;
}

export const partiesNamed = (name: string): Parties => ({
  broker: keyNamed(`${name} broker`),
  providers: { north: keyNamed(`${name} north`), south: keyNamed(`${name} south`) },
});

/** What a region's connector holds. */
export interface Connector {
  readonly log: Ed25519Key;
  readonly issuer: Issuer;
  readonly chain: EvidenceChain;
}

export function connectorNamed(name: string, chain: EvidenceChain): Connector {
  const { publicKey, sign } = keyNamed(`${name} issuer`);
  const issuer: Issuer = {
    did: didKeyOf(publicKey),
    kid: verificationMethodOf(publicKey),
    sign: (bytes) => Promise.resolve(sign(bytes)),
  };
  return { log: keyNamed(`${name} log`), issuer, chain };
}

export function collaborationOf({ broker, providers }: Parties): Collaboration {
  const key = ({ publicKey }: Ed25519Key): string => publicKeyText(publicKey);
  const common = {
    identifier: { source: "id", normalisation: ["trim" as const] },
    limits: { records: 1000, changesPerDay: 1000 },
  };
  return {
    type: "pavilion/collaboration",
    id: "care",
    version: 3,
    previous: hexOf("the version before"),
    population: "adults",
    referenceDate: "2026-01-01",
    purposes: ["public-health"],
    legalBases: ["public-interest"],
    matching: { sender: "north", epoch: 2, partitions: 4 },
    providers: [
      {
        ...{ id: "north", key: key(providers.north), dataset: "people", ...common },
        columns: [
          {
            ...{ name: "age", kind: "integer", source: "dob", transform: "none" },
            ...{ lower: 16, upper: 116, nullable: true },
          },
          { name: "state", kind: "category", source: "state", domain: ["nsw", "vic"], other: "other" },
        ],
      },
      {
        ...{ id: "south", key: key(providers.south), dataset: "visits", ...common },
        columns: [
          {
            ...{ name: "stays", kind: "integer", source: "stays", transform: "none" },
            ...{ lower: 0, upper: 30, nullable: false },
          },
          { name: "urgent", kind: "flag", source: "urgent", true: ["yes"], nullable: true },
        ],
      },
    ],
    budget: { epsilonPerQuestion: "1" },
    minimumGroup: MINIMUM,
    brokers: [{ id: "core", key: key(broker), tenants: ["clinic"] }],
  };
}

/** In its second version, with all its budget at its only home. */
export function populationOf(parties: Parties, connector: Connector): Population {
  const { population: id, providers } = collaborationOf(parties);
  const delta = "1/1000000000";
  const budget = { epsilon: "4", delta, windows: [{ days: 30, epsilon: "2", delta }] };
  return {
    type: "pavilion/population",
    ...{ id, version: 2, previous: hexOf("the first version"), jurisdiction: "AU", budget },
    homes: [
      {
        region: REGION,
        sealingKey: sealing.getPublicKey().toString("base64url"),
        logKey: publicKeyText(connector.log.publicKey),
        share: budget,
      },
    ],
    datasets: providers.map(({ id: provider, key, dataset }) => ({ provider, key, dataset })),
  };
}

const sealing = createECDH("prime256v1");
sealing.setPrivateKey(createHash("sha256").update("sealing").digest());

export const signedTerms = (parties: Parties): Promise<BundledCollaboration> =>
  signedBy(parties, collaborationOf(parties), signCollaboration);

export const signedPopulation = (parties: Parties, connector: Connector): Promise<BundledPopulation> =>
  signedBy(parties, populationOf(parties, connector), signPopulation);

async function signedBy<D extends object>(
  { providers }: Parties,
  document: D,
  sign: (document: D, provider: string, sign: Ed25519Key["sign"]) => Promise<string>,
) {
  const signatures = (["north", "south"] as const).map(async (provider) => ({
    provider,
    signature: await sign(document, provider, providers[provider].sign),
  }));
  return { document: { ...document } as Record<string, unknown>, signatures: await Promise.all(signatures) };
}

/** Both records of everybody who is matched: seven of nsw, five of vic, nobody else. */
export const people: readonly (readonly [Values, Values])[] = Array.from({ length: 12 }, (_, index) => [
  [index % 4 === 3 ? null : 20 + 5 * index, index < 7 ? 0 : 1],
  [(index * 7) % 31, index % 3 === 0 ? null : index % 2],
]);

/** What an honest auditor knows of these parties and this connector; `block` is the hash of a block, if any. */
export const trustIn = (parties: Parties, connector: Connector, block: string | null): Trust => ({
  type: "pavilion/trust",
  chain: { id: connector.chain.chainId, contract: connector.chain.contract, development: false },
  block,
  regions: [
    {
      region: REGION,
      jurisdiction: "AU",
      origin: originOf(REGION),
      logKey: publicKeyText(connector.log.publicKey),
      anchorer: connector.chain.anchorer,
      issuer: connector.issuer.did,
    },
  ],
  brokers: [{ id: "core", key: publicKeyText(parties.broker.publicKey) }],
  providers: [
    { id: "north", key: publicKeyText(parties.providers.north.publicKey) },
    { id: "south", key: publicKeyText(parties.providers.south.publicKey) },
  ],
  populations: [{ id: "adults", digests: [digestOf(populationOf(parties, connector))] }],
  circuits: [{ sha256: circuitHash, setup: "development" }],
  policies: [policyHash],
});
