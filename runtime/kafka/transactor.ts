/**
 * One partition's transactional producer. Its transactional id belongs to (region, stage, partition), so a new owner's
 * first transaction fences the old one. After any error whose outcome is unsure the transactor is thrown away: kafkajs
 * cannot abort once EndTxn has failed, and its state is not to be trusted.
 */
import type { Kafka, Producer, TopicMessages } from "kafkajs";
import type { AddressedRecord } from "./emitted-record.ts";
import { byKey } from "./partitioner.ts";

/** An aborted transaction is cleaned up by the broker after this; longer than any batch takes. */
const transactionTimeoutMs = 60_000;

/** kafkajs makes one record batch a partition of each send, and Kafka limits the batch: sends are cut well below. */
const sendBytesMax = 768 * 1024;

/** One partition's transactions, one after another. */
export interface Transactions {
  /**
   * Writes the records in one transaction. The first one fences every earlier owner of the id, and aborts what it left open.
   * Answers where the last record came to stand in each partition that a record names.
   * Throws when it did not surely commit; then this is to be discarded.
   */
  commit(records: readonly AddressedRecord[]): Promise<Placed>;
  /** Leaves without a word to the broker about an open transaction: the next owner aborts it. */
  discard(): Promise<void>;
}

/** Offsets by `<topic>/<partition>`. */
export type Placed = ReadonlyMap<string, bigint>;

export class Transactor implements Transactions {
  readonly #producer: Producer;

  private constructor(producer: Producer) {
    this.#producer = producer;
  }

  /** Connects. */
  static async open(kafka: Kafka, transactionalId: string): Promise<Transactor> {
    const producer = kafka.producer({
      transactionalId,
      maxInFlightRequests: 1,
      transactionTimeout: transactionTimeoutMs,
      allowAutoTopicCreation: false,
      createPartitioner: byKey,
    });
    await producer.connect();
    return new Transactor(producer);
  }

  async commit(records: readonly AddressedRecord[]): Promise<Placed> {
    const transaction = await this.#producer.transaction();
    const placed = new Map<string, bigint>();
    // One send after another: concurrent idempotent sends of kafkajs can be acknowledged and lost.
    for (const part of cutByBytes(records)) {
      const sent = await transaction.sendBatch({ topicMessages: byTopic(part) });
      for (const { topicName, partition, baseOffset = "0" } of sent) {
        const count = part.filter(
          ({ address, message }) => address === topicName && message.partition === partition,
        ).length;
        if (count > 0)
          placed.set(`${topicName}/${String(partition)}`, BigInt(baseOffset) + BigInt(count - 1));
      }
    }
    await transaction.commit();
    return placed;
  }

  async discard(): Promise<void> {
    await this.#producer.disconnect().catch(() => undefined);
  }
}

/** True where Kafka will never take what was sent, however often it is sent. */
export const isTooLarge = (error: unknown): boolean =>
  error instanceof Error &&
  "type" in error &&
  (error.type === "MESSAGE_TOO_LARGE" || error.type === "RECORD_LIST_TOO_LARGE");

/** Runs of records in order, each run of at most so many bytes, or of one record that is larger by itself. */
function cutByBytes(records: readonly AddressedRecord[]): AddressedRecord[][] {
  const parts: AddressedRecord[][] = [];
  let bytes = Infinity;
  for (const record of records) {
    const size = sizeOf(record);
    if (bytes + size > sendBytesMax) {
      parts.push([]);
      bytes = 0;
    }
    parts.at(-1)?.push(record);
    bytes += size;
  }
  return parts;
}

/** Key and value, and an allowance for headers and framing. */
function sizeOf({ message }: AddressedRecord): number {
  return 512 + (message.key?.length ?? 0) + (message.value?.length ?? 0);
}

/** Groups records by topic, in order. */
function byTopic(records: readonly AddressedRecord[]): TopicMessages[] {
  const topics = new Map<string, TopicMessages>();
  for (const { address, message } of records) {
    const group = topics.get(address) ?? { topic: address, messages: [] };
    topics.set(address, group);
    group.messages.push(message);
  }
  return [...topics.values()];
}
