/**
 * Global tables: compacted topics that every worker holds whole. A table has caught up when it has read what stood there
 * when it was opened.
 */
import { randomUUID } from "node:crypto";
import type { Kafka } from "kafkajs";
import type { EventName } from "../../schemas/avro/index.ts";
import { topicFor, type TopicName } from "../../schemas/topics.ts";
import { eventTypeOf } from "./cloudevents.ts";
import { openReader } from "./reader.ts";

export interface TableRecord {
  readonly topic: TopicName;
  readonly type: EventName | undefined;
  /** Null for a deletion. */
  readonly value: Buffer | null;
}

export interface GlobalTables {
  close(): Promise<void>;
}

/** Reads the topics from their start and for as long as it is open; resolves when they have caught up. `fail` is told
 * when a table is followed no longer: old rules must not go on. */
export async function openTables(
  kafka: Kafka,
  region: string,
  topics: readonly TopicName[],
  apply: (record: TableRecord) => Promise<void>,
  fail: (error: unknown) => void,
): Promise<GlobalTables> {
  const opened = topics.map((topic) =>
    openReader(kafka, {
      topic: topicFor(region, topic),
      group: `${region}.tables.${randomUUID()}`,
      from: "beginning",
      handle: ({ headers, value }) => apply({ topic, type: eventTypeOf(headers), value }),
      fail,
    }),
  );
  const readers = await Promise.all(opened);
  await Promise.all(readers.map((reader) => reader.caughtUp));
  return {
    async close() {
      await Promise.all(readers.map((reader) => reader.close()));
    },
  };
}
