/**
 * One partition's transactional producer. Its transactional id belongs to (region, stage, partition), so a new owner
 * fences the old one when it connects. After any error whose outcome is unsure the transactor is thrown away: kafkajs
 * cannot abort once EndTxn has failed, and its state is not to be trusted.
 */
import type { Kafka, Message, Producer, TopicMessages } from "kafkajs";

/** An aborted transaction is cleaned up by the broker after this; longer than any batch takes. */
const transactionTimeoutMs = 60_000;

export class Transactor {
  readonly #producer: Producer;
  readonly #group: string;

  private constructor(producer: Producer, group: string) {
    this.#producer = producer;
    this.#group = group;
  }

  /** Connects, fences every earlier owner of the id, and aborts what it left open. */
  static async open(kafka: Kafka, transactionalId: string, group: string): Promise<Transactor> {
    const producer = kafka.producer({
      transactionalId,
      idempotent: true,
      maxInFlightRequests: 1,
      transactionTimeout: transactionTimeoutMs,
      allowAutoTopicCreation: false,
    });
    await producer.connect();
    return new Transactor(producer, group);
  }

  /** Writes the records and the input offsets in one transaction. Throws when it did not surely commit. */
  async commit(records: readonly TopicMessages[], offsets: readonly TopicOffset[]): Promise<void> {
    const transaction = await this.#producer.transaction();
    // One send a transaction: concurrent idempotent sends of kafkajs can be acknowledged and lost.
    await transaction.sendBatch({ topicMessages: [...records] });
    if (offsets.length > 0) {
      await transaction.sendOffsets({
        consumerGroupId: this.#group,
        topics: offsets.map(({ address, partition, offset }) => ({
          topic: address,
          partitions: [{ partition, offset: String(offset) }],
        })),
      });
    }
    await transaction.commit();
  }

  /** Leaves without a word to the broker about an open transaction: the next owner's connect aborts it. */
  async discard(): Promise<void> {
    await this.#producer.disconnect().catch(() => undefined);
  }
}

export interface TopicOffset {
  readonly address: string;
  readonly partition: number;
  /** The next offset to read. */
  readonly offset: bigint;
}

/** Groups records by topic, in order. */
export function byTopic(records: readonly { address: string; message: Message }[]): TopicMessages[] {
  const topics = new Map<string, Message[]>();
  for (const { address, message } of records) {
    const messages = topics.get(address);
    if (messages === undefined) topics.set(address, [message]);
    else messages.push(message);
  }
  return [...topics].map(([topic, messages]) => ({ topic, messages }));
}
