/**
 * What the operator of a region does on Kafka: opens the region, admits providers and brokers, publishes collaborations.
 * Every step may be repeated.
 */
import type { Admin, Kafka } from "kafkajs";
import { verifyCollaboration } from "../../documents/collaboration.ts";
import { createAcls, createTopics } from "../../infra/embedded/acl.ts";
import { openPublisher } from "../../runtime/kafka/publisher.ts";
import type { Codec } from "../../runtime/registry/codec.ts";
import type { CollaborationEntry, EventName, EventTypes } from "../../schemas/avro/index.ts";
import type { TopicName } from "../../schemas/topics.ts";
import { brokerAcls, connectorAcls, providerAcls, providerTopics, regionTopics } from "./access.ts";

export interface Region {
  readonly name: string;
  readonly partitions: number;
}

export class Operator {
  readonly #kafka: Kafka;
  readonly #admin: Admin;
  readonly #codec: Codec;

  private constructor(kafka: Kafka, admin: Admin, codec: Codec) {
    this.#kafka = kafka;
    this.#admin = admin;
    this.#codec = codec;
  }

  static async connect(kafka: Kafka, codec: Codec): Promise<Operator> {
    const admin = kafka.admin();
    await admin.connect();
    return new Operator(kafka, admin, codec);
  }

  /** Makes the region's topics and lets its connector at them. */
  async openRegion(region: Region): Promise<void> {
    await createTopics(this.#admin, regionTopics(region.name, region.partitions));
    await createAcls(this.#admin, connectorAcls(region.name));
  }

  /** Makes the provider's topics, lets it at them, and enters it in the region's table. */
  async admitProvider(region: Region, provider: string): Promise<void> {
    await createTopics(this.#admin, providerTopics(region.name, provider, region.partitions));
    await createAcls(this.#admin, providerAcls(region.name, provider));
    await this.#enter(region.name, "config.providers", "ProviderEntry", provider, {
      provider,
      admitted: true,
    });
  }

  async admitBroker(region: Region, broker: string): Promise<void> {
    await createAcls(this.#admin, brokerAcls(region.name, broker));
  }

  /** Publishes a collaboration in a region once every participant's signature holds. */
  async publishCollaboration(region: Region, entry: CollaborationEntry): Promise<void> {
    verifyCollaboration(entry);
    const key = `${entry.id}@${String(entry.version)}`;
    await this.#enter(region.name, "config.collaborations", "CollaborationEntry", key, entry);
  }

  async #enter<N extends EventName>(
    region: string,
    topic: TopicName,
    type: N,
    key: string,
    value: EventTypes[N],
  ): Promise<void> {
    const publisher = await openPublisher(this.#kafka, this.#codec, region, `/${region}/operator`);
    try {
      await publisher.publish(topic, type, value, { key });
    } finally {
      await publisher.close();
    }
  }

  async disconnect(): Promise<void> {
    await this.#admin.disconnect();
  }
}
