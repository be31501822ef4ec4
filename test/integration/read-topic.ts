/**
 * Everything that stands in a topic now, or in several, read with kafkajs alone.
 */
import { randomUUID } from "node:crypto";
import type { Kafka } from "kafkajs";
import type { Headers } from "../../runtime/kafka/wire/record.ts";

export interface TopicRecord {
  readonly topic: string;
  readonly key: string;
  readonly value: Buffer | null;
  readonly headers: Readonly<Record<string, string>>;
  readonly partition: number;
}

/** Resolves once nothing new has come for a while; rejects where the principal may not read. */
export async function readTopic(
  kafka: Kafka,
  topic: string | readonly string[],
  groupId?: string,
): Promise<TopicRecord[]> {
  const consumer = kafka.consumer({
    groupId: groupId ?? `test.${randomUUID()}`,
    maxWaitTimeInMs: 100,
    retry: { retries: 0, restartOnFailure: () => Promise.resolve(false) },
  });
  const records: TopicRecord[] = [];
  let last = performance.now() + quietAtFirstMs;
  const crashed = new Promise<never>((_, reject) => {
    consumer.on(consumer.events.CRASH, ({ payload }) => {
      reject(payload.error);
    });
  });
  crashed.catch(() => undefined);
  try {
    await consumer.connect();
    await consumer.subscribe({ topics: [topic].flat(), fromBeginning: true });
    await consumer.run({
      autoCommit: false,
      eachMessage: ({ topic, message, partition }) => {
        last = performance.now();
        // A client of ours hands out a map, kafkajs by itself an object.
        const given: unknown = message.headers ?? {};
        const named = given instanceof Map ? [...(given as Headers)] : Object.entries(given as object);
        const headers = named.map(([name, value]) => [name, String(value)]);
        records.push({
          topic,
          key: message.key?.toString() ?? "",
          value: message.value,
          headers: Object.fromEntries(headers) as Record<string, string>,
          partition,
        });
        return Promise.resolve();
      },
    });
    while (performance.now() - last < quietMs) {
      await Promise.race([crashed, new Promise((resolve) => setTimeout(resolve, 50))]);
    }
    return records;
  } finally {
    await consumer.disconnect().catch(() => undefined);
  }
}

const quietMs = 700;
const quietAtFirstMs = 2_000;
