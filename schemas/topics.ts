/**
 * Every topic of a region, without its `<region>.` prefix: which events it carries, by which key, and how it is kept.
 * A name with `<provider>` or `<broker>` stands for one topic a provider or broker. Names and keys of the topics that other people use are
 * stable. Every topic's timestamps are the broker's (LogAppendTime): they are the recorded time that stages go by.
 */
import type { EventName } from "./avro/index.ts";

export interface TopicDeclaration {
  readonly events: readonly EventName[];
  /** What the record key holds. */
  readonly key: string;
  /** `spread`: the region's partition count, co-partitioned by murmur2 of the key; `one`: a single partition. */
  readonly partitions: "spread" | "one";
  /** True where the event crosses the topic only sealed to the region's key. */
  readonly sealed?: true;
  /** Milliseconds that records are kept, -1 for ever; Kafka's own default where it is absent. */
  readonly retentionMs?: number;
  /** True where the topic is compacted: a table rather than a log. */
  readonly compacted?: true;
  /** True where others than stages write: a record must lie in the partition of its key, or one chain could fork. */
  readonly outside?: true;
  /** True where somebody waits for an answer: what cannot be read here is answered with an error result. */
  readonly answered?: true;
}

export const topics = {
  "broker.requests": {
    events: ["SignedRequest"],
    key: "request id",
    partitions: "spread",
    outside: true,
    answered: true,
  },
  "broker.results": { events: ["Result"], key: "request id", partitions: "spread" },

  "ingest.<provider>": {
    events: ["RecordBatch", "BlindedBatch", "EvaluatedBatch", "EpochKey"],
    key: "dataset",
    partitions: "spread",
    outside: true,
  },
  "oprf.blinded.<provider>": { events: ["BlindedBatch"], key: "collaboration", partitions: "one" },
  "oprf.evaluated.<provider>": {
    events: ["EvaluatedBatch", "EpochKey"],
    key: "collaboration",
    partitions: "one",
  },
  "provider.notices.<provider>": { events: ["Notice"], key: "dataset", partitions: "one" },
  "provider.requests.<provider>": {
    events: ["RequestEntry"],
    key: "request id",
    partitions: "one",
    retentionMs: -1,
  },
  "provider.terms.<provider>": {
    events: ["CollaborationEntry", "PopulationEntry"],
    key: "kind/id@version",
    partitions: "one",
    compacted: true,
  },
  "broker.terms.<broker>": {
    events: ["CollaborationEntry", "PopulationEntry"],
    key: "kind/id@version",
    partitions: "one",
    compacted: true,
  },
  "provider.heads.<provider>": {
    events: ["LiveHead"],
    key: "collaboration/dataset",
    partitions: "one",
    compacted: true,
  },
  "provider.state.<provider>": {
    events: ["ProviderState"],
    key: "collaboration",
    partitions: "one",
    compacted: true,
    outside: true,
  },

  "config.collaborations": {
    events: ["CollaborationEntry"],
    key: "collaboration@version@digest",
    partitions: "one",
    compacted: true,
  },
  "config.populations": {
    events: ["PopulationEntry"],
    key: "population@version@digest",
    partitions: "one",
    compacted: true,
  },
  "config.providers": { events: ["ProviderEntry"], key: "provider", partitions: "one", compacted: true },
  "config.brokers": { events: ["BrokerEntry"], key: "broker", partitions: "one", compacted: true },

  "config.seeds": { events: ["SeedEntry"], key: "seed id", partitions: "one", compacted: true },

  "dataset.slices": { events: ["RecordSlice"], key: "dataset", partitions: "spread", sealed: true },
  "dataset.heads": { events: ["DatasetHead"], key: "dataset", partitions: "spread" },
  "routing.routed": { events: ["RoutedRequest"], key: "request id", partitions: "spread" },
  "compliance.approved": { events: ["MatchQuestion"], key: "request id", partitions: "spread" },
  "psi.partials": { events: ["PartialAggregate"], key: "request id", partitions: "spread", sealed: true },
  "match.preimages": {
    events: ["MatchPreimage"],
    key: "request id",
    partitions: "spread",
    sealed: true,
    retentionMs: -1,
  },
  "aggregate.sums": { events: ["ExactAggregate"], key: "jurisdiction", partitions: "one", sealed: true },
  "dp.released": { events: ["ReleasedAggregate"], key: "request id", partitions: "spread" },
  "dp.witnesses": { events: ["ReleaseWitness"], key: "request id", partitions: "spread", sealed: true },
  "budget.states": { events: ["BudgetState"], key: "population", partitions: "one", compacted: true },
  "zkp.proven": { events: ["ReleaseProof"], key: "request id", partitions: "spread" },
  "signing.signed": { events: ["SignedResult"], key: "request id", partitions: "spread" },
  "result.refusals": { events: ["Refusal"], key: "request id", partitions: "spread" },
  "requests.ended": { events: ["RequestEntry"], key: "request id", partitions: "one", retentionMs: -1 },
  "result.overdue": { events: ["Overdue"], key: "request id", partitions: "one" },

  "proofs.pending": { events: ["LogLeaf"], key: "log id", partitions: "one", retentionMs: -1 },
  "proofs.anchored": { events: ["AnchoredLeaf"], key: "log id", partitions: "one", retentionMs: -1 },
  "anchoring.receipts": { events: ["AnchorReceipt"], key: "request id", partitions: "spread" },
  "evidence.bundles": {
    events: ["EvidenceBundle"],
    key: "request id",
    partitions: "spread",
    retentionMs: -1,
  },

  "clock.ticks": { events: ["Tick"], key: "worker", partitions: "spread", retentionMs: 3_600_000 },
  "audit.events": { events: ["AuditEvent"], key: "tenant", partitions: "spread" },
} as const satisfies Record<string, TopicDeclaration>;

export type TopicName = keyof typeof topics;

/** The events a topic carries. */
export type EventOn<T extends TopicName> = (typeof topics)[T]["events"][number];

/** The declaration, with its optional members readable. */
export function declarationOf(topic: TopicName): TopicDeclaration {
  return topics[topic];
}

/** Whose own topic it is, one for each of them; undefined for a topic that a region has once. */
export const ownerOf = (topic: TopicName): "provider" | "broker" | undefined =>
  topic.endsWith(".<provider>") ? "provider" : topic.endsWith(".<broker>") ? "broker" : undefined;

/** `<region>.<topic>`, with the owner's id filled in where the topic is a party's own. */
export function topicFor(region: string, topic: TopicName, owner?: string): string {
  if (ownerOf(topic) === undefined) return `${region}.${topic}`;
  if (owner === undefined) throw new Error(`topic ${topic} needs its owner`);
  return `${region}.${topic.replace(/<[a-z]+>$/, owner)}`;
}

/** Ids that no provider may have: their `ingest.<provider>` would be a topic of the stage of that name, see below. */
export const reservedProviders: readonly string[] = ["changelog", "dead-letter"];

/** A stage's dead letters and its state, one topic each. */
export const deadLetterTopic = (region: string, stage: string): string => `${region}.${stage}.dead-letter`;
export const changelogTopic = (region: string, stage: string): string => `${region}.${stage}.changelog`;
