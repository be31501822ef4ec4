/**
 * The region's log: its one writer. Other pipelines hand it their leaves by `proofs.pending`; it anchors them, and joins
 * what stands anchored to evidence.
 */
import { originOf } from "../../domain/log/leaves.ts";
import type { AnchorChain } from "../../runtime/chain/anchor-chain.ts";
import { anchorKey } from "../../runtime/chain/hsm-signer.ts";
import { serve, type Pipeline, type Serving } from "../../runtime/contract/pipeline.ts";
import type { Hsm } from "../../runtime/hsm/hsm.ts";
import type { ConnectorConfig } from "../../schemas/json/connector-config.ts";
import { anchoring } from "../../stages/anchoring/stage.ts";
import { evidence } from "../../stages/evidence/stage.ts";
import { Directory, type Tables } from "../directory.ts";
import { blindingKey, logKey } from "../keys.ts";
import { requestIn } from "../request-in.ts";
import { termsTopics } from "../terms.ts";
import { logTopics } from "./topics.ts";

export const log: Pipeline = {
  name: "log",
  folder: import.meta.dirname,
  stages: [anchoring, evidence],
  topics: { ...termsTopics, ...logTopics },
  tables: ["config.collaborations", "config.populations", "config.restores"],
  asking: { requestOf: requestIn },
  keys: [logKey, anchorKey, blindingKey],
  seeds: true,
  open(host) {
    const directory = new Directory();
    const parts = { ...host, chain: host.chain() };
    return Promise.resolve({
      serving: servingLog(parts, directory),
      apply: directory.apply,
      close: () => Promise.resolve(),
    });
  },
};

/** Each stage with its own ports: name by name, nothing that the other's work takes. */
export function servingLog(
  {
    config: { region, jurisdiction, seedPeriodSeconds },
    hsm,
    chain,
  }: {
    readonly config: Pick<ConnectorConfig, "region" | "jurisdiction" | "seedPeriodSeconds">;
    readonly hsm: Omit<Hsm, "close">;
    readonly chain: Omit<AnchorChain, "close">;
  },
  directory: Pick<Tables, "collaborations" | "populations" | "restore">,
): readonly Serving[] {
  const { collaborations, populations } = directory;
  const { publicKey, operate: sign } = hsm.key(logKey);
  return [
    serve(anchoring, (partition) => ({
      ...{ region, partition, chain },
      logSigner: { name: originOf(region), publicKey, sign },
      seedPeriodMs: seedPeriodSeconds * 1_000,
      createSeed: hsm.createSeed,
      seed: hsm.seed,
      destroySeed: hsm.destroySeed,
      blinding: hsm.key(blindingKey).operate,
      restore: () => directory.restore,
    })),
    serve(evidence, () => ({
      ...{ region, jurisdiction },
      collaborationEntry: (id, version) => collaborations.entryOf(id, version),
      populationEntry: (id, version) => populations.entryOf(id, version),
    })),
  ];
}
