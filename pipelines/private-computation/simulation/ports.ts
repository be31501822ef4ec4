/**
 * The ports of every stage that is played. What lies outside is in memory: keys, a policy that is the real one, a chain, and
 * in the prover's place one that makes no proof, but refuses every statement that the circuit would refuse.
 */
import { readFileSync } from "node:fs";
import { didKeyOf, verificationMethodOf } from "../../../crypto/did/did-key.ts";
import { openerFor } from "../../../crypto/hpke/hpke.ts";
import { originOf } from "../../../domain/log/leaves.ts";
import type { SeedTable } from "../../../domain/log/seeds.ts";
import { Standing } from "../../../domain/terms/standing.ts";
import { answeringStages } from "../../answering.ts";
import { log } from "../../log/pipeline.ts";
import { privateComputation } from "../pipeline.ts";
import { decodeRecord } from "../../../domain/records/match-record.ts";
import type { EventTypes } from "../../../schemas/avro/index.ts";
import type { AggregatePorts } from "../../../stages/aggregate/stage.ts";
import type { AnchoringPorts } from "../../../stages/anchoring/stage.ts";
import type { CompliancePorts } from "../../../stages/compliance/stage.ts";
import type { DpPorts } from "../../../stages/dp/stage.ts";
import type { EvidencePorts } from "../../../stages/evidence/stage.ts";
import type { IngestPorts } from "../../../stages/ingest/stage.ts";
import type { OprfRelayPorts } from "../../../stages/oprf-relay/stage.ts";
import type { PsiPorts } from "../../../stages/psi/stage.ts";
import type { ResultPorts } from "../../../stages/result/stage.ts";
import type { RoutingPorts } from "../../../stages/routing/stage.ts";
import type { SigningPorts } from "../../../stages/signing/stage.ts";
import type { ZkpPorts } from "../../../stages/zkp/stage.ts";
import { loadPolicy } from "../../../domain/policy/policy.ts";
import { checkOpening } from "../../../stages/zkp/testing/reference-prover.ts";
import { blinding, seedBytes, seedsOf } from "../../../domain/log/testing/seeds.ts";
import type { Means } from "../../../simulation/world.ts";
import { memoryChain } from "./chain.ts";
import {
  collaboration,
  collaborations,
  entry,
  fixedBytes,
  key,
  logKey,
  partitions,
  populationEntry,
  populations,
  region,
  regionKey,
} from "./region.ts";

const policyFolder = new URL("../../../domain/policy/", import.meta.url);
const policy = await loadPolicy(
  readFileSync(new URL("policy.wasm", policyFolder)),
  readFileSync(new URL("policy.wasm.sha256", policyFolder), "utf8").slice(0, 64),
);

const issuer = key("issuer");
const opener = openerFor({
  publicKey: regionKey.getPublicKey(),
  deriveSharedSecret: (peer) => Promise.resolve(regionKey.computeSecret(peer)),
});
const standing = new Standing();
for (const { id: broker } of collaboration.brokers) standing.addBroker({ broker, key: null, admitted: true });

/** What is played: the pipeline, and the log that it feeds. */
export const played = [privateComputation, log];

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
    populations,
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
function seedsIn(entries: () => readonly EventTypes["SeedEntry"][]): SeedTable {
  const read = (): SeedTable => seedsOf(...entries());
  return { openSeed: (commitment) => read().openSeed(commitment), newest: () => read().newest() };
}

/** The calls that go to the HSM, the prover and the chain. */
export function failingPorts(ports: EveryPort, { wrap, track }: Means): EveryPort {
  const hsm = "HSM_UNAVAILABLE";
  const chain = "CHAIN_UNAVAILABLE";
  const wrapped = wrap(
    {
      ...ports,
      chain: wrap(ports.chain, { anchor: chain, prove: chain, standing: chain }),
      logSigner: wrap(ports.logSigner, { sign: hsm }),
      issuer: wrap(ports.issuer, { sign: hsm }),
    },
    {
      openBatch: hsm,
      seed: hsm,
      createSeed: hsm,
      destroySeed: hsm,
      blinding: hsm,
      prove: "PROVER_UNAVAILABLE",
    },
  );
  return {
    ...wrapped,
    async openBatch(enc, info) {
      const context = await wrapped.openBatch(enc, info);
      return { open: (ciphertext, aad) => track(Promise.resolve(context.open(ciphertext, aad))) };
    },
  };
}
