/**
 * What stands committed in topics, told by the transactions' own markers: every record as the broker stores it, those of
 * aborted transactions too, and the control batches that end them. kafkajs's filter for committed records can let
 * aborted ones through, so the count does not rest on it.
 */
import { randomUUID } from "node:crypto";
import { setTimeout as sleep } from "node:timers/promises";
import { Kafka, logLevel } from "kafkajs";
import type { KafkaAccess } from "../../runtime/kafka/client.ts";

export interface StoredRecord {
  readonly topic: string;
  readonly partition: number;
  readonly offset: bigint;
  readonly key: Buffer | null;
  readonly value: Buffer | null;
  readonly producerId: string;
  readonly isTransactional: boolean;
  /** A control record ends its producer's transaction in its partition. */
  readonly isControl: boolean;
}

export interface Committed {
  /** By topic and partition, then offset. */
  readonly records: readonly StoredRecord[];
  /** Data records of transactions that were aborted. */
  readonly aborted: number;
  /** Data records of transactions that have not ended. */
  readonly open: number;
}

/** Control record keys are INT16 version, INT16 type; type 0 aborts, 1 commits (KIP-98). */
const commitType = 1;

/** Sorts out which of a partition's records were committed. */
export function committedOf(stored: readonly StoredRecord[]): Committed {
  const partitions = Map.groupBy(stored, ({ topic, partition }) => `${topic}/${String(partition)}`);
  const records: StoredRecord[] = [];
  let [aborted, open] = [0, 0];
  for (const [, all] of [...partitions].sort(([one], [other]) => (one < other ? -1 : 1))) {
    const pending = new Map<string, StoredRecord[]>();
    const committed: StoredRecord[] = [];
    for (const record of all.toSorted((one, other) => Number(one.offset - other.offset))) {
      const { producerId, isControl, isTransactional, key } = record;
      const own = pending.get(producerId) ?? [];
      if (!isTransactional) committed.push(record);
      else if (!isControl) pending.set(producerId, [...own, record]);
      else {
        if (key?.readInt16BE(2) === commitType) committed.push(...own);
        else aborted += own.length;
        pending.delete(producerId);
      }
    }
    open += [...pending.values()].reduce((sum, { length }) => sum + length, 0);
    records.push(...committed.sort((one, other) => Number(one.offset - other.offset)));
  }
  return { records, aborted, open };
}

/** A message as kafkajs's decoder makes it of a fetched batch. */
interface DecodedMessage {
  readonly offset: string;
  readonly key: Buffer | null;
  readonly value: Buffer | null;
  readonly isControlRecord: boolean;
  readonly batchContext: { readonly producerId: string; readonly inTransaction: boolean };
}

interface FetchAnswer {
  readonly responses: readonly {
    readonly topicName: string;
    readonly partitions: readonly { readonly partition: number; readonly messages: DecodedMessage[] }[];
  }[];
}

const limitMs = 120_000;

/**
 * Everything that stands in the topics now. kafkajs's consumer hides control batches, but its debugging log, switched on
 * by these two variables, shows every answer to a fetch whole.
 */
export async function readStored(access: KafkaAccess, topics: readonly string[]): Promise<StoredRecord[]> {
  process.env.KAFKAJS_DEBUG_PROTOCOL_BUFFERS = "1";
  process.env.KAFKAJS_DEBUG_EXTENDED_PROTOCOL_BUFFERS = "1";
  const stored = new Map<string, StoredRecord>();
  const reached = new Map<string, bigint>();
  const kafka = listeningKafka(access, (answer) => {
    for (const { topicName: topic, partitions } of answer.responses) {
      for (const { partition, messages } of partitions) {
        for (const message of messages) {
          const record = recordOf(topic, partition, message);
          const place = `${topic}/${String(partition)}`;
          stored.set(`${place}/${message.offset}`, record);
          reached.set(place, record.offset + 1n);
        }
      }
    }
  });
  const ends = await endsOf(kafka, topics);
  const consumer = kafka.consumer({
    groupId: `test.${randomUUID()}`,
    readUncommitted: true,
    maxWaitTimeInMs: 100,
  });
  try {
    await consumer.connect();
    await consumer.subscribe({ topics: [...topics], fromBeginning: true });
    await consumer.run({ autoCommit: false, eachBatch: () => Promise.resolve() });
    const deadline = performance.now() + limitMs;
    while ([...ends].some(([place, end]) => (reached.get(place) ?? 0n) < end)) {
      if (performance.now() > deadline) throw new Error("the topics were not read to their end");
      await sleep(50);
    }
  } finally {
    await consumer.disconnect();
    delete process.env.KAFKAJS_DEBUG_PROTOCOL_BUFFERS;
    delete process.env.KAFKAJS_DEBUG_EXTENDED_PROTOCOL_BUFFERS;
  }
  return [...stored.values()];
}

function listeningKafka(access: KafkaAccess, hear: (answer: FetchAnswer) => void): Kafka {
  const { bootstrap, username, password } = access;
  return new Kafka({
    clientId: "committed-log",
    brokers: [bootstrap],
    sasl: { mechanism: "scram-sha-512", username, password },
    logLevel: logLevel.DEBUG,
    logCreator:
      () =>
      ({ log }) => {
        if (log.message.startsWith("Response Fetch(") && log.data !== undefined)
          hear(log.data as FetchAnswer);
      },
  });
}

function recordOf(topic: string, partition: number, message: DecodedMessage): StoredRecord {
  const { offset, key, value, isControlRecord, batchContext } = message;
  return {
    ...{ topic, partition, key, value },
    offset: BigInt(offset),
    producerId: batchContext.producerId,
    isTransactional: batchContext.inTransaction,
    isControl: isControlRecord,
  };
}

async function endsOf(kafka: Kafka, topics: readonly string[]): Promise<Map<string, bigint>> {
  const admin = kafka.admin();
  await admin.connect();
  try {
    const ends = new Map<string, bigint>();
    for (const topic of topics) {
      for (const { partition, low, high } of await admin.fetchTopicOffsets(topic)) {
        if (BigInt(high) > BigInt(low)) ends.set(`${topic}/${String(partition)}`, BigInt(high));
      }
    }
    return ends;
  } finally {
    await admin.disconnect();
  }
}
