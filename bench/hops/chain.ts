/**
 * Seven hops: eight topics of the catalogue, each with an event of its own of about 200 bytes, and seven stages that do
 * nothing but carry a text from one to the next. Real topics and events, so that the runtime does all that it does in
 * the pipeline: reads CloudEvents headers, decodes and encodes Avro, remembers what it saw.
 */
import { publish, type Stage } from "../../runtime/contract/stage.ts";
import type { EventName, EventTypes, RequestRef } from "../../schemas/avro/index.ts";
import {
  changelogTopic,
  deadLetterTopic,
  topicFor,
  type EventOn,
  type TopicName,
} from "../../schemas/topics.ts";
import type { TopicSpec } from "../../runtime/kafka/admin.ts";

/** A topic of the chain, and how its event carries a text. */
export interface Link {
  readonly topic: TopicName;
  readonly event: EventName;
  readonly valueWith: (text: string) => EventTypes[EventName];
  readonly textOf: (value: EventTypes[EventName]) => string;
}

/** What travels through all hops. */
export const carriedText = "seven hops and nothing changes but the envelope it travels in";

const digest = "6b86b273ff34fce19d6b804eff5a3f5747ada4eaa22f1d49c01e52ddb7875b4b";
const request: RequestRef = {
  requestId: "3d0ca315-aff9-4fc2-be61-3b76b9a2d798",
  digest,
  tenant: "tenant-a",
  broker: "core",
  collaboration: "",
  deadline: 1_800_000_000_000,
};
function link<T extends TopicName, N extends EventOn<T>>(
  topic: T,
  event: N,
  valueWith: (text: string) => EventTypes[N],
  textOf: (value: EventTypes[N]) => string,
): Link {
  // The worker hands over only what its topic carries, and each of these topics carries one event.
  return { topic, event, valueWith, textOf: textOf as Link["textOf"] };
}

export const links: readonly Link[] = [
  link(
    "dataset.heads",
    "DatasetHead",
    (text) => ({
      ...{
        collaboration: "clinic-and-registry",
        epoch: 1,
        provider: "clinic",
        dataset: "visits",
        sequence: 1,
      },
      ...{ head: digest, complete: true, signature: `${text}${digest.slice(0, 24)}` },
    }),
    ({ signature }) => signature.slice(0, carriedText.length),
  ),
  link(
    "result.refusals",
    "Refusal",
    (text) => ({ request, stage: "hop", code: "STALE_HEAD", message: text, unsigned: false, document: null }),
    ({ message }) => message,
  ),
  link(
    "anchoring.receipts",
    "AnchorReceipt",
    (text) => ({ request, text }),
    ({ text }) => text,
  ),
  link(
    "evidence.bundles",
    "EvidenceBundle",
    (text) => ({ requestId: request.requestId, requestDigest: digest, tenant: request.tenant, text }),
    ({ text }) => text,
  ),
  link(
    "routing.routed",
    "RoutedRequest",
    (text) => ({ request, document: text, signature: "", seed: { id: 1, commitment: "" } }),
    ({ document }) => document,
  ),
  link(
    "clock.ticks",
    "Tick",
    (text) => ({ worker: text, stages: [digest, digest] }),
    ({ worker }) => worker,
  ),
  link(
    "audit.events",
    "AuditEvent",
    (text) => ({
      ...{ tenant: request.tenant, region: "eu-central", stage: "hop", action: "hopped", code: null },
      ...{ requestId: request.requestId, requestDigest: digest, details: { text } },
    }),
    ({ details }) => details.text ?? "",
  ),
  link(
    "result.concluded",
    "Concluded",
    (text) => ({ requestId: text, requestDigest: digest + digest }),
    ({ requestId }) => requestId,
  ),
];

/** Each reads one topic of the chain and writes the next, under the key it read. */
export const hopStages: readonly Stage[] = links.slice(1).map((to, index) => {
  const from = links[index];
  if (from === undefined) throw new Error("a chain has no gap");
  return {
    name: `hop-${String(index + 1)}`,
    inputs: [{ topic: from.topic, types: [from.event] }],
    outputs: [to.topic],
    handle: ({ key, value }) =>
      publish({
        outputs: [{ topic: to.topic, type: to.event, value: to.valueWith(from.textOf(value)), key }],
      }),
  };
});

/** The chain's topics in a region, by their full names. */
export const chainIn = (region: string): string[] => links.map(({ topic }) => topicFor(region, topic));

const recorded = { "message.timestamp.type": "LogAppendTime", "max.message.bytes": "4194304" };
const compacted = { ...recorded, "cleanup.policy": "compact", "segment.bytes": "33554432" };

/** As a region's operator makes them: the chain, and what the runtime keeps beside it. */
export function topicsIn(region: string, partitions: number): TopicSpec[] {
  const chain = chainIn(region).map((name) => ({ name, partitions, config: recorded }));
  const kept = hopStages.flatMap(({ name }) => [
    { name: deadLetterTopic(region, name), partitions: 1, config: recorded },
    { name: changelogTopic(region, name), partitions, config: compacted },
  ]);
  return [...chain, ...kept];
}
