/**
 * Private computation: from records and questions to one signed, noised result or one coded error, and to what proves that
 * it was answered honestly; the log pipeline makes evidence of that. Each stage declares the topics it reads and writes.
 */
import { createHash, randomBytes } from "node:crypto";
import { readFileSync } from "node:fs";
import { didKeyOf, verificationMethodOf } from "../../crypto/did/did-key.ts";
import { openerFor } from "../../crypto/hpke/hpke.ts";
import { loadPolicy, type Policy } from "../../domain/policy/policy.ts";
import { homesAt } from "../../domain/terms/home.ts";
import { decodeRecord } from "../../domain/records/match-record.ts";
import { PavilionError } from "../../errors/errors.ts";
import { serve, type Pipeline, type Serving } from "../../runtime/contract/pipeline.ts";
import type { Hsm } from "../../runtime/hsm/hsm.ts";
import type { Prover } from "../../runtime/prover/prover.ts";
import type { ConnectorConfig } from "../../schemas/json/connector-config.ts";
import { aggregate } from "../../stages/aggregate/stage.ts";
import { compliance } from "../../stages/compliance/stage.ts";
import { dp } from "../../stages/dp/stage.ts";
import { ingest } from "../../stages/ingest/stage.ts";
import { oprfRelay } from "../../stages/oprf-relay/stage.ts";
import { psi } from "../../stages/psi/stage.ts";
import { result } from "../../stages/result/stage.ts";
import type { RoutingLimits } from "../../stages/routing/limits.ts";
import { routing } from "../../stages/routing/stage.ts";
import { signing } from "../../stages/signing/stage.ts";
import { zkp } from "../../stages/zkp/stage.ts";
import { answeringStages } from "../answering.ts";
import { blindingKey, hpkeKey, issuerKey } from "../keys.ts";
import { Directory, type Tables } from "../directory.ts";
import { termsTopics } from "../terms.ts";
import { asking } from "./asking.ts";
import { releaseCircuit, type ReleaseInput } from "./circuit.ts";
import { exposedIn, limitsIn, section } from "./settings.ts";
import { privateComputationTopics } from "./topics.ts";

const policyFolder = new URL("../../domain/policy/", import.meta.url);

export const privateComputation: Pipeline = {
  name: "private-computation",
  folder: import.meta.dirname,
  stages: [ingest, oprfRelay, routing, compliance, psi, aggregate, dp, signing, result, zkp],
  topics: { ...termsTopics, ...privateComputationTopics },
  tables: [
    "config.collaborations",
    "config.populations",
    "config.providers",
    "config.brokers",
    "config.seeds",
    "config.restores",
  ],
  asking,
  section,
  keys: [hpkeKey, issuerKey, blindingKey],
  seeds: true,
  /** Throws where the policy or the circuit is not the pinned one, or its set-up is not fit for this deployment. */
  async open(host) {
    const policy = await loadPolicy(
      readFileSync(new URL("policy.wasm", policyFolder)),
      readFileSync(new URL("policy.wasm.sha256", policyFolder), "utf8").slice(0, 64),
    );
    const prover = await host.prover(releaseCircuit);
    if (prover.setup === "development" && !host.config.development) {
      throw new PavilionError(
        "CIRCUIT_MISMATCH",
        "The proving key comes from one developer's set-up, and this is no development deployment.",
      );
    }
    const directory = new Directory((providers) => {
      host.owners("provider", providers);
    });
    return {
      serving: servingComputation(host, {
        ...{ policy, prover, directory },
        limits: limitsIn(host.section),
        exposed: exposedIn(host.section),
      }),
      apply: directory.apply,
      close: () => Promise.resolve(),
    };
  },
};

interface Opened {
  readonly policy: Policy;
  readonly prover: Pick<Prover<ReleaseInput>, "prove" | "represent">;
  readonly directory: Tables;
  readonly limits: RoutingLimits;
  /** How much of a share may be spent and not yet anchored, a fraction. */
  readonly exposed: string;
}

/** Each stage gets what it needs, name by name: nothing that another's work takes. */
export function servingComputation(
  {
    config: { region, jurisdiction, partitions },
    hsm,
  }: {
    readonly config: Pick<ConnectorConfig, "region" | "jurisdiction" | "partitions">;
    readonly hsm: Pick<Hsm, "key" | "seed">;
  },
  { policy, prover, directory, limits, exposed }: Opened,
): readonly Serving[] {
  const { collaborations, populations, standing, seeds } = directory;
  const { seed } = hsm;
  const answering = answeringStages(privateComputation);
  const { operate: blinding } = hsm.key(blindingKey);
  const hpke = hsm.key(hpkeKey);
  const opener = openerFor({ publicKey: hpke.publicKey, deriveSharedSecret: hpke.operate });
  const verificationKey = readFileSync(new URL("verification-key.json", releaseCircuit.folder));
  const circuit = createHash("sha256").update(verificationKey).digest("hex");
  const { publicKey, operate: sign } = hsm.key(issuerKey);
  const issuer = { did: didKeyOf(publicKey), kid: verificationMethodOf(publicKey), sign };
  return [
    serve(ingest, () => ({
      ...{ region, partitions, collaborations, populations },
      openBatch: opener.setup,
      decodeRecord,
      randomBytes: (length) => randomBytes(length),
    })),
    serve(oprfRelay, () => ({ region, partitions, collaborations, populations })),
    serve(routing, () => ({
      ...{ region, partitions, collaborations, populations, seeds, standing },
      answeringStages: answering,
      provingStage: zkp.name,
      limits,
    })),
    serve(compliance, () => ({
      ...{ region, jurisdiction, partitions, collaborations, populations, standing, policy },
    })),
    serve(psi, (partition) => ({ partition, partitions, blinding })),
    serve(aggregate, () => ({ region, partitions, blinding })),
    serve(dp, () => ({
      ...{ region, partitions, seed, blinding, exposed },
      restore: () => directory.restore,
      homes: () => homesAt(region, directory),
    })),
    serve(signing, () => ({ region, partitions, issuer })),
    serve(result, () => ({
      ...{ region, partitions, collaborations, standing },
      isAdmitted: (provider) => directory.providers.includes(provider),
    })),
    serve(zkp, (partition) => ({
      ...{ partition, collaborations, prove: prover.prove, represent: prover.represent },
      ...{ circuit, seed, blinding },
    })),
  ];
}
