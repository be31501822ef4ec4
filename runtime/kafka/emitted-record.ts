/**
 * A task's emission as the records that Kafka takes: encoded, addressed, and fanned out where it asks for it.
 */
import type { Message } from "kafkajs";
import { deadLetterTopic, topicFor } from "../../schemas/topics.ts";
import type { Codec } from "../registry/codec.ts";
import type { Emission } from "../task.ts";
import { headersOf } from "./cloudevents.ts";

/** A record to write; without a partition it goes by its key. */
export interface AddressedRecord {
  readonly address: string;
  readonly message: Message;
}

export async function recordsOf(
  emission: Emission,
  { region, stage, partitions, codec }: { region: string; stage: string; partitions: number; codec: Codec },
): Promise<AddressedRecord[]> {
  const { topic, type, key, partition } = emission;
  const headers = headersOf({ ...emission, time: Date.now() });
  if (topic === "dead-letter") {
    const value = await codec.encodePlain(type, emission.value);
    return [{ address: deadLetterTopic(region, stage), message: { key, value, headers } }];
  }
  const address = topicFor(region, topic, emission.owner);
  const message = { key, value: await codec.encode(topic, type, emission.value), headers };
  if (partition === undefined) return [{ address, message }];
  const spread = codec.topics.of(topic).partitions === "spread" ? partitions : 1;
  const targets = partition === "all" ? Array.from({ length: spread }, (_, index) => index) : [partition];
  return targets.map((target) => ({ address, message: { ...message, partition: target } }));
}
