/**
 * Wires what the stages need of the outside to the real parts: HSM, policy, prover, chain, tables.
 */
import { createHash, randomBytes } from "node:crypto";
import { readFileSync } from "node:fs";
import { didKeyOf, verificationMethodOf } from "../../crypto/did/did-key.ts";
import { openerFor } from "../../crypto/hpke/hpke.ts";
import { originOf } from "../../domain/log/leaves.ts";
import {
  privateComputation,
  type PrivateComputationPorts,
} from "../../pipelines/private-computation/pipeline.ts";
import { openAnchorChain } from "../../runtime/chain/anchor-chain.ts";
import { PavilionError } from "../../errors/errors.ts";
import type { Hsm } from "../../runtime/hsm/hsm.ts";
import { openProver } from "../../runtime/prover/prover.ts";
import { decodeRecord } from "../../domain/records/match-record.ts";
import type { Metrics } from "../../runtime/telemetry/metrics.ts";
import type { ConnectorConfig } from "../../schemas/json/connector-config.ts";
import { loadPolicy } from "../../domain/policy/policy.ts";
import type { Directory } from "./directory.ts";
import { guardChain, guardHsm, guardProver } from "./guards.ts";

const policyFolder = new URL("../../domain/policy/", import.meta.url);
const circuitFolder = new URL("../../circuits/release/artifacts/", import.meta.url);

export interface Wiring {
  /** The ports of every stage, for one partition. */
  readonly portsOf: (partition: number) => PrivateComputationPorts;
  close(): Promise<void>;
}

/** Throws where the policy or the circuit is not the pinned one, or its set-up is not fit for this deployment. */
export async function wirePorts(
  config: ConnectorConfig,
  unguardedHsm: Hsm,
  directory: Directory,
  metrics: Metrics,
): Promise<Wiring> {
  const hsm = guardHsm(unguardedHsm, metrics);
  const policy = await loadPolicy(
    readFileSync(new URL("policy.wasm", policyFolder)),
    readFileSync(new URL("policy.wasm.sha256", policyFolder), "utf8").slice(0, 64),
  );
  const opener = openerFor({ publicKey: hsm.hpkePublicKey, deriveSharedSecret: hsm.deriveSharedSecret });
  const prover = guardProver(await openProver(circuitFolder), metrics);
  if (prover.setup === "development" && !config.development) {
    await prover.close();
    throw new PavilionError(
      "CIRCUIT_MISMATCH",
      "The proving key comes from one developer's set-up, and this is no development deployment.",
    );
  }
  const { anchorPublicKey: publicKey, signAnchor: sign } = hsm;
  const chain = guardChain(openAnchorChain({ ...config.chain, publicKey, sign }), metrics);
  const { region, jurisdiction, partitions } = config;
  const key = readFileSync(new URL("verification-key.json", circuitFolder));
  const shared = {
    region,
    jurisdiction,
    partitions,
    collaborations: directory.collaborations,
    populations: directory.populations,
    collaborationEntry: (id: string, version: number) => directory.collaborations.entryOf(id, version),
    populationEntry: (id: string, version: number) => directory.populations.entryOf(id, version),
    seeds: directory.seeds,
    standing: directory.standing,
    isAdmitted: (provider: string) => directory.providers.includes(provider),
    policy,
    pipelineStages: privateComputation.map((stage) => stage.name),
    openBatch: opener.setup,
    decodeRecord,
    randomBytes: (length: number) => randomBytes(length),
    blinding: hsm.blinding,
    seed: hsm.seed,
    createSeed: hsm.createSeed,
    destroySeed: hsm.destroySeed,
    seedPeriodMs: config.seedPeriodSeconds * 1000,
    prove: prover.prove,
    circuit: createHash("sha256").update(key).digest("hex"),
    chain,
    logSigner: { name: originOf(region), publicKey: hsm.logPublicKey, sign: hsm.signLog },
    issuer: {
      did: didKeyOf(hsm.issuerPublicKey),
      kid: verificationMethodOf(hsm.issuerPublicKey),
      sign: hsm.sign,
    },
  };
  return {
    portsOf: (partition) => ({ ...shared, partition }),
    async close() {
      chain.close();
      await prover.close();
    },
  };
}
