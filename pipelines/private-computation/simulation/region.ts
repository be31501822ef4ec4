/**
 * The example's region with fixed keys: its collaboration, its population, two pushed datasets, and questions over them.
 */
import { createECDH, createHash } from "node:crypto";
import { ed25519FromSeed } from "../../../crypto/jws/ed25519.ts";
import { signCollaboration, type CollaborationTable } from "../../../domain/terms/collaboration.ts";
import { publicKeyText } from "../../../domain/terms/signatures.ts";
import { signPopulation } from "../../../domain/terms/population.ts";
import { signRequest } from "../../../domain/terms/request.ts";
import type { EarlierCollaboration } from "../../../schemas/json/earlier-collaboration.ts";
import type { Population } from "../../../schemas/json/population.ts";
import type { CollaborationEntry, EventTypes } from "../../../schemas/avro/index.ts";
import { collaborationTemplate, populationTemplate, requestDraft } from "../../../examples/example.ts";
import { sealBatch, type Head, type TokenRecord } from "../../../services/provider-agent/sealing.ts";
import { firstSeed } from "../../../domain/log/testing/seeds.ts";
import type { PopulationTable } from "../../../domain/terms/home.ts";

export const region = "eu-central";
export const partitions = 2;
export const start = Date.parse("2026-01-01T00:00:00.000Z");
/** The key that a name stands for. */
export const key = (name: string) => ed25519FromSeed(createHash("sha256").update(name).digest());
export const regionKey = createECDH("prime256v1");
regionKey.setPrivateKey(createHash("sha256").update("region").digest());

/** What a system's generator gives, the same each time. */
function fixedBytes(name: string): (length: number) => Uint8Array {
  let count = 0;
  return (outputLength) =>
    createHash("shake256", { outputLength })
      .update(`${name} ${String(count++)}`)
      .digest();
}

export const logSigner = key("log");

const template = collaborationTemplate();
export const collaboration = {
  ...template,
  matching: { ...template.matching, partitions },
  providers: template.providers.map((party) => ({ ...party, key: publicKeyText(key(party.id).publicKey) })),
  brokers: template.brokers.map((party) => ({ ...party, key: publicKeyText(key(party.id).publicKey) })),
};
export const population: Population = {
  ...populationTemplate(),
  homes: populationTemplate().homes.map((home) => ({
    ...home,
    sealingKey: regionKey.getPublicKey().toString("base64url"),
    logKey: publicKeyText(logSigner.publicKey),
  })),
  datasets: collaboration.providers.map(({ id: provider, key: pinned, dataset }) => ({
    provider,
    key: pinned,
    dataset,
  })),
};
/** What was agreed over the same datasets before populations were documents. */
const earlierCollaboration: EarlierCollaboration = {
  ...collaboration,
  ...{ id: "insured-patients-before", region, jurisdiction: "EU", population: "patients" },
  budget: { epsilonPerQuestion: "1", epsilonTotal: "4", epsilonPerWindow: "2", windowDays: 30 },
};
/** The region's tables of what is agreed. */
export const collaborations: CollaborationTable = {
  earlier: [earlierCollaboration],
  latest: (id) => (id === collaboration.id ? collaboration : undefined),
  at: (id, version) => (id === collaboration.id && version === 1 ? collaboration : undefined),
};
export const populations: PopulationTable = {
  latest: (id) => (id === population.id ? population : undefined),
};
/** A document as its table has it, signed by every provider. */
async function entryOf<D extends { readonly id: string; readonly version: number }>(
  document: D,
  sign: (document: D, id: string, by: (bytes: Uint8Array) => Uint8Array) => Promise<string>,
): Promise<CollaborationEntry> {
  const { id, version } = document;
  const signatures = collaboration.providers.map(async ({ id: provider }) => ({
    provider,
    signature: await sign(document, provider, key(provider).sign),
  }));
  return {
    ...{ id, version, document: JSON.stringify(document), departures: [] },
    signatures: await Promise.all(signatures),
  };
}
export const entry = await entryOf(collaboration, signCollaboration);
export const populationEntry = await entryOf(population, signPopulation);

/** 60 people in both datasets and 20 in one alone, in batches of 25. */
export function recordsOf(dataset: string): TokenRecord[] {
  const first = dataset === "northwind-patients" ? 0 : 20;
  return Array.from({ length: 80 }, (_, index) => {
    const token = createHash("sha256")
      .update(String(first + index))
      .digest()
      .subarray(0, 16);
    return {
      token,
      values: [dataset === "northwind-patients" ? (index % 7 === 0 ? null : index) : index % 9],
    };
  });
}

async function batchesOf(provider: string, dataset: string): Promise<EventTypes["RecordBatch"][]> {
  const context = {
    regionKey: regionKey.getPublicKey(),
    sign: (bytes: Uint8Array) => key(provider).sign(bytes),
    slot: collaboration.providers.findIndex(({ id }) => id === provider),
    columns: collaboration.providers.find(({ id }) => id === provider)?.columns ?? [],
    randomBytes: fixedBytes(dataset),
    place: {
      collaboration: collaboration.id,
      version: 1,
      epoch: 1,
      provider,
      dataset,
      push: "00".repeat(16),
    },
  };
  const batches: EventTypes["RecordBatch"][] = [];
  let head: Head | undefined;
  const records = recordsOf(dataset);
  for (let from = 0; from < records.length; from += 25) {
    const sealed = await sealBatch(
      context,
      records.slice(from, from + 25),
      head,
      from + 25 >= records.length,
    );
    batches.push(sealed.batch);
    head = sealed.head;
  }
  return batches;
}

export const pushes = await Promise.all(
  collaboration.providers.map(async ({ id, dataset }) => ({
    id,
    dataset,
    batches: await batchesOf(id, dataset),
  })),
);

export function signed(index: number, change: object = {}): Promise<EventTypes["SignedRequest"]> {
  const document = {
    ...requestDraft(),
    type: "pavilion/request" as const,
    id: `00000000-0000-4000-8000-00000000000${String(index)}`,
    nonce: String(index).padStart(32, "0"),
    issuedAt: new Date(start + 2_000).toISOString(),
    seedCommitment: firstSeed.commitment,
    ...change,
  };
  return signRequest(document, (bytes) => key("core-broker").sign(bytes));
}
