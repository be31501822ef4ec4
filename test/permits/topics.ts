/** The topics of permits: a broker asks on one of its own, and is answered on another. */
import type { EventsOf, TopicDeclarations } from "../../schemas/topics.ts";
import "./events.ts";

export const permitTopics = {
  "config.permits": {
    events: ["PermitEntry"],
    key: "holder",
    partitions: "one",
    compacted: true,
    writers: ["operator"],
  },
  "permit.requests.<broker>": {
    events: ["PermitRequest"],
    key: "request id",
    partitions: "spread",
    writers: ["broker"],
    answered: true,
  },
  "permit.granted": { events: ["PermitGranted"], key: "request id", partitions: "spread" },
  "permit.refused": { events: ["PermitRefused"], key: "request id", partitions: "spread" },
  "permit.replies.<broker>": {
    events: ["PermitReply"],
    key: "request id",
    partitions: "one",
    readers: ["broker"],
  },
} as const satisfies TopicDeclarations;

declare module "../../schemas/topics.ts" {
  interface DeclaredTopics extends EventsOf<typeof permitTopics> {}
}
