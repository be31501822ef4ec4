/**
 * Wires what the stages need of the outside to the real parts: HSM, policy, tables.
 */
import { readFileSync } from "node:fs";
import { didKeyOf, verificationMethodOf } from "../../crypto/did/did-key.ts";
import { openerFor } from "../../crypto/hpke/hpke.ts";
import type { CollaborationTable } from "../../documents/collaboration.ts";
import { privateComputation, type PrivateComputationPorts } from "../../pipelines/private-computation.ts";
import type { Hsm } from "../../runtime/hsm/hsm.ts";
import { decodeRecord } from "../../runtime/registry/match-record.ts";
import type { ConnectorConfig } from "../../schemas/json/connector-config.ts";
import { loadPolicy } from "../../stages/compliance/policy/policy.ts";

const policyFolder = new URL("../../stages/compliance/policy/", import.meta.url);

/** The ports of every stage, for one partition each. Throws where the policy is not the pinned one. */
export async function wirePorts(
  config: ConnectorConfig,
  hsm: Hsm,
  collaborations: CollaborationTable,
): Promise<(partition: number) => PrivateComputationPorts> {
  const policy = await loadPolicy(
    readFileSync(new URL("policy.wasm", policyFolder)),
    readFileSync(new URL("policy.wasm.sha256", policyFolder), "utf8").slice(0, 64),
  );
  const opener = openerFor({ publicKey: hsm.hpkePublicKey, deriveSharedSecret: hsm.deriveSharedSecret });
  const { region, jurisdiction, partitions } = config;
  return (partition) => ({
    region,
    jurisdiction,
    partitions,
    partition,
    collaborations,
    policy,
    pipelineStages: privateComputation.map((stage) => stage.name),
    openBatch: (enc, info) => opener.setup(enc, info),
    decodeRecord,
    noise: hsm.noise,
    issuer: {
      did: didKeyOf(hsm.issuerPublicKey),
      kid: verificationMethodOf(hsm.issuerPublicKey),
      sign: hsm.sign,
    },
  });
}
