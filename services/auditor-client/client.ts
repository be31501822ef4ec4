/**
 * An auditor's client: reads a region's log and its evidence bundles, from their topics' beginnings to where they end now.
 * What it reads it believes nothing of; the verifier says what holds.
 */
import { randomUUID } from "node:crypto";
import { connectKafka, type KafkaAccess } from "../../runtime/kafka/client.ts";
import { eventTypeOf } from "../../runtime/kafka/cloudevents.ts";
import { openReader } from "../../runtime/kafka/reader.ts";
import type { Log } from "../../runtime/log.ts";
import { openCodec } from "../../runtime/registry/codec.ts";
import type { AnchoredLeaf, EventName, EventTypes, EvidenceBundle } from "../../schemas/avro/index.ts";
import { topicFor, type TopicName } from "../../schemas/topics.ts";

export interface AuditorPlan {
  /** Auditor id. */
  readonly auditor: string;
  readonly region: string;
  readonly kafka: KafkaAccess;
  readonly registryUrl: string;
  readonly log: Log;
}

export interface AuditorClient {
  /** Every leaf, in the order in which it was published. */
  leaves(): Promise<AnchoredLeaf[]>;
  bundles(): Promise<EvidenceBundle[]>;
}

export async function openAuditorClient(plan: AuditorPlan): Promise<AuditorClient> {
  const { auditor, region, log } = plan;
  const kafka = connectKafka(plan.kafka, `auditor.${auditor}`, log);
  const codec = await openCodec(plan.registryUrl);

  async function read<N extends EventName>(topic: TopicName, type: N): Promise<EventTypes[N][]> {
    const found: EventTypes[N][] = [];
    const reader = await openReader(kafka, {
      topic: topicFor(region, topic),
      group: `${region}.auditor.${auditor}.${randomUUID()}`,
      from: "beginning",
      handle: async ({ value, headers }) => {
        if (value !== null && eventTypeOf(headers) === type)
          found.push(await codec.decode(topic, type, value));
      },
      fail: () => undefined, // whoever waits for `caughtUp` hears of it
    });
    try {
      await reader.caughtUp;
      return found;
    } finally {
      await reader.close();
    }
  }

  return {
    leaves: () => read("proofs.anchored", "AnchoredLeaf"),
    bundles: () => read("evidence.bundles", "EvidenceBundle"),
  };
}
