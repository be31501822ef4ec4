/**
 * The topics of a region's log. Other pipelines write their leaves to `proofs.pending`; what stands anchored, and the
 * evidence that rests on it, is for auditors.
 */
import type { EventsOf, TopicDeclarations } from "../../schemas/topics.ts";

export const logTopics = {
  "proofs.pending": { events: ["LogLeaf"], key: "log id", partitions: "one", retentionMs: -1 },
  "proofs.anchored": {
    events: ["AnchoredLeaf"],
    key: "log id",
    partitions: "one",
    retentionMs: -1,
    readers: ["auditor"],
  },
  "config.restores": {
    events: ["RestoreEntry"],
    key: "region",
    partitions: "one",
    compacted: true,
    writers: ["operator"],
  },
  "log.brought": { events: ["AnchoredLeaf"], key: "log id", partitions: "one", writers: ["operator"] },
  "config.seeds": {
    events: ["SeedEntry"],
    key: "seed id",
    partitions: "one",
    compacted: true,
    readers: ["broker"],
  },
  "anchoring.receipts": { events: ["AnchorReceipt"], key: "request id", partitions: "spread" },
  "evidence.bundles": {
    events: ["EvidenceBundle"],
    key: "request id",
    partitions: "spread",
    retentionMs: -1,
    readers: ["broker", "auditor"],
  },
} as const satisfies TopicDeclarations;

declare module "../../schemas/topics.ts" {
  interface DeclaredTopics extends EventsOf<typeof logTopics> {}
}
