/**
 * The topics of what parties agreed on and who was let in: written by the operator, read by every pipeline that goes by
 * them, and handed to those whom they name.
 */
import type { EventsOf, TopicDeclarations } from "../schemas/topics.ts";

export const termsTopics = {
  "config.collaborations": {
    events: ["CollaborationEntry"],
    key: "collaboration@version@digest",
    partitions: "one",
    compacted: true,
    writers: ["operator"],
  },
  "config.populations": {
    events: ["PopulationEntry"],
    key: "population@version@digest",
    partitions: "one",
    compacted: true,
    writers: ["operator"],
  },
  "config.providers": {
    events: ["ProviderEntry"],
    key: "provider",
    partitions: "one",
    compacted: true,
    writers: ["operator"],
  },
  "config.brokers": {
    events: ["BrokerEntry"],
    key: "broker",
    partitions: "one",
    compacted: true,
    writers: ["operator"],
  },
  "provider.terms.<provider>": {
    events: ["CollaborationEntry", "PopulationEntry"],
    key: "kind/id@version",
    partitions: "one",
    compacted: true,
    writers: ["operator"],
    readers: ["provider"],
  },
  "broker.terms.<broker>": {
    events: ["CollaborationEntry", "PopulationEntry"],
    key: "kind/id@version",
    partitions: "one",
    compacted: true,
    writers: ["operator"],
    readers: ["broker"],
  },
} as const satisfies TopicDeclarations;

declare module "../schemas/topics.ts" {
  interface DeclaredTopics extends EventsOf<typeof termsTopics> {}
}
