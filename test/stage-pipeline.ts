/**
 * The demo's region for tests of the whole pipeline in memory: its collaboration and two pushed datasets, with fixed keys,
 * and the ports of every stage.
 *
 * What lies outside is in memory too: a chain that takes a second call to include an anchor, and in the prover's place
 * one that makes no proof, but refuses every statement that the circuit would refuse.
 */
import assert from "node:assert/strict";
import { createECDH, createHash } from "node:crypto";
import { readFileSync } from "node:fs";
import { didKeyOf, verificationMethodOf } from "../crypto/did/did-key.ts";
import { openerFor } from "../crypto/hpke/hpke.ts";
import { ed25519FromSeed } from "../crypto/jws/ed25519.ts";
import { signCollaboration, type CollaborationTable } from "../domain/terms/collaboration.ts";
import { publicKeyText } from "../domain/terms/signatures.ts";
import { originOf } from "../domain/log/leaves.ts";
import { signPopulation } from "../domain/terms/population.ts";
import { signRequest } from "../domain/terms/request.ts";
import type { SeedTable } from "../domain/log/seeds.ts";
import { Standing } from "../domain/terms/standing.ts";
import { answeringStages } from "../pipelines/answering.ts";
import { privateComputation } from "../pipelines/private-computation/pipeline.ts";
import { decodeRecord } from "../domain/records/match-record.ts";
import type { Population } from "../schemas/json/population.ts";
import type { CollaborationEntry, EventTypes } from "../schemas/avro/index.ts";
import { collaborationTemplate, populationTemplate, requestDraft } from "../cli/demo/example.ts";
import { sealBatch, type Head, type TokenRecord } from "../services/provider-agent/sealing.ts";
import type { Anchored } from "../stages/anchoring/anchors.ts";
import type { AggregatePorts } from "../stages/aggregate/stage.ts";
import type { AnchoringPorts } from "../stages/anchoring/stage.ts";
import type { CompliancePorts } from "../stages/compliance/stage.ts";
import type { DpPorts } from "../stages/dp/stage.ts";
import type { EvidencePorts } from "../stages/evidence/stage.ts";
import type { IngestPorts } from "../stages/ingest/stage.ts";
import type { OprfRelayPorts } from "../stages/oprf-relay/stage.ts";
import type { PsiPorts } from "../stages/psi/stage.ts";
import type { ResultPorts } from "../stages/result/stage.ts";
import type { RoutingPorts } from "../stages/routing/stage.ts";
import type { SigningPorts } from "../stages/signing/stage.ts";
import type { ZkpPorts } from "../stages/zkp/stage.ts";
import { loadPolicy } from "../domain/policy/policy.ts";
import { miniatureChain, type ChainProof } from "./evidence-chain.ts";
import { checkOpening } from "./release-reference.ts";
import { populationsOf } from "./populations.ts";
import { blinding, firstSeed, seedBytes, seedsOf } from "./stage-seed.ts";

export const region = "eu-central";
export const partitions = 2;
export const start = Date.parse("2026-01-01T00:00:00.000Z");
const key = (name: string) => ed25519FromSeed(createHash("sha256").update(name).digest());
const regionKey = createECDH("prime256v1");
regionKey.setPrivateKey(createHash("sha256").update("region").digest());

/** What a system's generator gives, the same each time. */
function fixedBytes(name: string): (length: number) => Uint8Array {
  let count = 0;
  return (outputLength) =>
    createHash("shake256", { outputLength })
      .update(`${name} ${String(count++)}`)
      .digest();
}

export const logKey = key("log");

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
    logKey: publicKeyText(logKey.publicKey),
  })),
  datasets: collaboration.providers.map(({ id: provider, key: pinned, dataset }) => ({
    provider,
    key: pinned,
    dataset,
  })),
};
const collaborations: CollaborationTable = {
  earlier: [],
  latest: (id) => (id === collaboration.id ? collaboration : undefined),
  at: (id, version) => (id === collaboration.id && version === 1 ? collaboration : undefined),
};
const policyFolder = new URL("../domain/policy/", import.meta.url);
const policy = await loadPolicy(
  readFileSync(new URL("policy.wasm", policyFolder)),
  readFileSync(new URL("policy.wasm.sha256", policyFolder), "utf8").slice(0, 64),
);

const issuer = key("issuer");
const opener = openerFor({
  publicKey: regionKey.getPublicKey(),
  deriveSharedSecret: (peer) => Promise.resolve(regionKey.computeSecret(peer)),
});
const entry: CollaborationEntry = {
  id: collaboration.id,
  version: collaboration.version,
  document: JSON.stringify(collaboration),
  signatures: await Promise.all(
    collaboration.providers.map(async ({ id }) => ({
      provider: id,
      signature: await signCollaboration(collaboration, id, key(id).sign),
    })),
  ),
  departures: [],
};
const populationEntry = {
  id: population.id,
  version: population.version,
  document: JSON.stringify(population),
  signatures: await Promise.all(
    collaboration.providers.map(async ({ id }) => ({
      provider: id,
      signature: await signPopulation(population, id, key(id).sign),
    })),
  ),
  departures: [],
};

const standing = new Standing();
for (const { id: broker } of collaboration.brokers) standing.addBroker({ broker, key: null, admitted: true });

/** All that the stages need of the outside, in one bag: here nobody is to be kept from anything. */
export type EveryPort = AggregatePorts &
  AnchoringPorts &
  CompliancePorts &
  DpPorts &
  EvidencePorts &
  IngestPorts &
  OprfRelayPorts &
  PsiPorts &
  ResultPorts &
  RoutingPorts &
  SigningPorts &
  ZkpPorts;

/** The ports of a run: what one run anchors another does not see. `seedEntries` are those on the seeds' topic. */
export function portsIn(
  seedEntries: () => readonly EventTypes["SeedEntry"][],
): (partition: number) => EveryPort {
  const chain = memoryChain();
  const shared = {
    region,
    jurisdiction: "EU",
    partitions,
    collaborations,
    collaborationEntry: () => entry,
    populations: populationsOf(population),
    populationEntry: () => populationEntry,
    seeds: seedsIn(seedEntries),
    standing,
    isAdmitted: (provider: string) => collaboration.providers.some(({ id }) => id === provider),
    policy,
    answeringStages: answeringStages(privateComputation),
    openBatch: opener.setup,
    decodeRecord,
    randomBytes: fixedBytes("weights"),
    blinding,
    seed: (id: number) => Promise.resolve(seedBytes(id)),
    createSeed: () => Promise.resolve(),
    destroySeed: () => Promise.resolve(),
    seedPeriodMs: 3_600_000,
    prove: checkOpening,
    circuit: "00".repeat(32),
    chain,
    logSigner: {
      name: originOf(region),
      publicKey: logKey.publicKey,
      sign: (bytes: Uint8Array) => Promise.resolve(logKey.sign(bytes)),
    },
    issuer: {
      did: didKeyOf(issuer.publicKey),
      kid: verificationMethodOf(issuer.publicKey),
      sign: (bytes: Uint8Array) => Promise.resolve(issuer.sign(bytes)),
    },
  };
  return (partition) => ({ ...shared, partition });
}

/** The table of seeds, as whoever follows its topic has it. */
export function seedsIn(entries: () => readonly EventTypes["SeedEntry"][]): SeedTable {
  const read = (): SeedTable => seedsOf(...entries());
  return { openSeed: (commitment) => read().openSeed(commitment), newest: () => read().newest() };
}

/** Includes an anchor when it is asked for the second time, and says the same of it ever after. */
function memoryChain(): AnchoringPorts["chain"] {
  const chain = miniatureChain("pipeline");
  const { chainId, contract, anchorer } = chain;
  const sent = new Set<string>();
  const stood = new Map<string, { anchored: Anchored; proof: ChainProof }>();
  return {
    chainId,
    contract,
    anchorer,
    async anchor(last, next) {
      const before = stood.get(next.root);
      if (before !== undefined) return { state: "anchored", ...before.anchored };
      assert.equal(last?.link.root, [...stood.keys()].at(-1), "an anchor follows the last one");
      assert.ok(next.size > (last?.link.size ?? 0));
      if (!sent.has(next.root)) {
        sent.add(next.root);
        return { state: "pending" };
      }
      const link = await chain.anchor({ size: next.size, root: next.root.slice(2) }, stood.size + 1);
      const proof = await chain.prove();
      const { block, blockHash } = proof;
      const transaction = `0x${createHash("sha256").update(link.root).digest("hex")}`;
      const anchored = { link, transaction, block, blockHash };
      stood.set(next.root, { anchored, proof });
      return { state: "anchored", ...anchored };
    },
    prove(block) {
      const found = [...stood.values()].find(({ proof }) => proof.block === block);
      assert.ok(found);
      return Promise.resolve(found.proof);
    },
    standing: (anchors) => Promise.resolve(anchors.length),
  };
}

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
