/**
 * The region's log: its one writer. Other pipelines hand it their leaves by `proofs.pending`; it anchors them, and joins
 * what stands anchored to evidence.
 */
import { originOf } from "../../domain/log/leaves.ts";
import { serve, type Pipeline } from "../../runtime/contract/pipeline.ts";
import { anchoring } from "../../stages/anchoring/stage.ts";
import { evidence } from "../../stages/evidence/stage.ts";
import { Directory } from "../directory.ts";
import { blindingKey, logKey } from "../keys.ts";
import { requestIn } from "../request-in.ts";
import { termsTopics } from "../terms.ts";
import { logTopics } from "./topics.ts";

export const log: Pipeline = {
  name: "log",
  folder: import.meta.dirname,
  stages: [anchoring, evidence],
  topics: { ...termsTopics, ...logTopics },
  tables: ["config.collaborations", "config.populations"],
  asking: { requestOf: requestIn },
  keys: [logKey, blindingKey],
  open({ config, hsm, chain }) {
    const { region, jurisdiction } = config;
    const directory = new Directory();
    const anchorChain = chain();
    const { publicKey, operate: sign } = hsm.key(logKey);
    return Promise.resolve({
      serving: [
        serve(anchoring, (partition) => ({
          region,
          partition,
          chain: anchorChain,
          logSigner: { name: originOf(region), publicKey, sign },
          seedPeriodMs: config.seedPeriodSeconds * 1_000,
          createSeed: hsm.createSeed,
          seed: hsm.seed,
          destroySeed: hsm.destroySeed,
          blinding: hsm.key(blindingKey).operate,
        })),
        serve(evidence, () => ({
          region,
          jurisdiction,
          collaborationEntry: (id, version) => directory.collaborations.entryOf(id, version),
          populationEntry: (id, version) => directory.populations.entryOf(id, version),
        })),
      ],
      apply: directory.apply,
      close: () => Promise.resolve(),
    });
  },
};
