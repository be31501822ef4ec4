/**
 * The topics of private computation: what providers and brokers write and read, and what its stages hand on.
 */
import type { EventsOf, TopicDeclarations } from "../../schemas/topics.ts";

export const privateComputationTopics = {
  "broker.requests": {
    events: ["SignedRequest"],
    key: "request id",
    partitions: "spread",
    writers: ["broker"],
    answered: true,
  },
  "broker.results.<broker>": {
    events: ["Result"],
    key: "request id",
    partitions: "one",
    readers: ["broker"],
  },

  "ingest.<provider>": {
    events: ["RecordBatch", "BlindedBatch", "EvaluatedBatch", "EpochKey"],
    key: "dataset",
    partitions: "spread",
    writers: ["provider"],
  },
  "oprf.blinded.<provider>": {
    events: ["BlindedBatch"],
    key: "collaboration",
    partitions: "one",
    readers: ["provider"],
  },
  "oprf.evaluated.<provider>": {
    events: ["EvaluatedBatch", "EpochKey"],
    key: "collaboration",
    partitions: "one",
    readers: ["provider"],
  },
  "provider.notices.<provider>": {
    events: ["Notice"],
    key: "dataset",
    partitions: "one",
    readers: ["provider"],
  },
  "provider.requests.<provider>": {
    events: ["RequestEntry"],
    key: "request id",
    partitions: "one",
    retentionMs: -1,
    readers: ["provider"],
  },
  "provider.heads.<provider>": {
    events: ["LiveHead"],
    key: "collaboration/dataset",
    partitions: "one",
    compacted: true,
    readers: ["provider"],
  },
  "provider.state.<provider>": {
    events: ["ProviderState"],
    key: "collaboration",
    partitions: "one",
    compacted: true,
    writers: ["provider"],
    readers: ["provider"],
  },

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
  "dp.turns": { events: ["ExactAggregate"], key: "population", partitions: "one", sealed: true },
  "dp.released": { events: ["ReleasedAggregate"], key: "request id", partitions: "spread" },
  "dp.witnesses": { events: ["ReleaseWitness"], key: "request id", partitions: "spread", sealed: true },
  "budget.states": { events: ["BudgetState"], key: "population", partitions: "one", compacted: true },
  "zkp.turns": {
    events: ["ReleaseWitness", "ProofTurn"],
    key: "request id",
    partitions: "spread",
    sealed: true,
  },
  "zkp.waiting": { events: ["EvidenceQueue"], key: "region", partitions: "spread" },
  "zkp.proven": { events: ["ReleaseProof"], key: "request id", partitions: "spread" },
  "signing.signed": { events: ["SignedResult"], key: "request id", partitions: "spread" },
  "result.refusals": { events: ["Refusal"], key: "request id", partitions: "spread" },
  "requests.ended": { events: ["RequestEntry"], key: "request id", partitions: "one", retentionMs: -1 },
  "result.concluded": { events: ["Concluded"], key: "request id", partitions: "spread" },
  "result.overdue": { events: ["Overdue"], key: "request id", partitions: "one" },
} as const satisfies TopicDeclarations;

declare module "../../schemas/topics.ts" {
  interface DeclaredTopics extends EventsOf<typeof privateComputationTopics> {}
}
