/**
 * A party's writes to Kafka: an idempotent producer that waits for all replicas, CloudEvents in binary mode. One send
 * at a time, since concurrent idempotent sends of kafkajs can be acknowledged and lost.
 */
import { randomBytes, randomUUID } from "node:crypto";
import { type Kafka, type Producer } from "kafkajs";
import { headersOf, newTraceparent } from "./cloudevents.ts";
import { byKey } from "./partitioner.ts";
import type { Codec } from "../registry/codec.ts";
import type { RecordPlace } from "../record-digest.ts";
import type { EventName, EventTypes } from "../../schemas/avro/index.ts";
import { topicFor, type OwnerOn, type TopicName } from "../../schemas/topics.ts";

interface Address {
  readonly key: string;
  /** W3C trace context; a fresh one where none is given. */
  readonly traceparent?: string;
}

export interface Publisher {
  /** Resolves once the record is stored, with where it lies. */
  publish<T extends TopicName, N extends EventName>(
    topic: T,
    type: N,
    value: EventTypes[N],
    to: Address & OwnerOn<T>,
  ): Promise<RecordPlace>;
  close(): Promise<void>;
}

export const freshTraceparent = (): string => newTraceparent(randomBytes(24));

/** `source` is the party's URI reference, such as `/provider/<id>`. */
export async function openPublisher(
  kafka: Kafka,
  codec: Codec,
  region: string,
  source: string,
): Promise<Publisher> {
  let producer: Producer | undefined = await openProducer(kafka);
  let sending: Promise<unknown> = Promise.resolve();

  async function send<N extends EventName>(
    topic: TopicName,
    type: N,
    value: EventTypes[N],
    { key, owner, traceparent }: Address & OwnerOn<TopicName>,
  ): Promise<RecordPlace> {
    const headers = headersOf({
      id: randomUUID(),
      type,
      source,
      time: Date.now(),
      subject: key,
      traceparent: traceparent ?? freshTraceparent(),
    });
    const address = topicFor(region, topic, owner);
    const message = { key, value: await codec.encode(topic, type, value), headers };
    const sender = (producer ??= await openProducer(kafka));
    try {
      const [stored] = await sender.send({ topic: address, acks: -1, messages: [message] });
      const { partition = 0, baseOffset = "-1" } = stored ?? {};
      return {
        topic: address,
        partition,
        offset: BigInt(baseOffset),
        key: Buffer.from(key),
        value: message.value,
      };
    } catch (error) {
      // Whether it was stored is unknown, and kafkajs gives the next record the same sequence number: the broker would
      // take that one for a repetition, and acknowledge what it does not store.
      producer = undefined;
      await sender.disconnect().catch(() => undefined);
      throw error;
    }
  }

  return {
    async publish(topic, type, value, to) {
      const sent = sending.then(() => send(topic, type, value, to));
      sending = sent.catch(() => undefined);
      return sent;
    },
    async close() {
      await sending;
      await producer?.disconnect();
    },
  };
}

async function openProducer(kafka: Kafka): Promise<Producer> {
  const producer = kafka.producer({
    idempotent: true,
    maxInFlightRequests: 1,
    allowAutoTopicCreation: false,
    createPartitioner: byKey,
  });
  await producer.connect();
  return producer;
}
