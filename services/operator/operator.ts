/**
 * What the operator of a region does on Kafka: opens the region, admits providers and brokers, publishes collaborations.
 * Every step may be repeated.
 */
import { randomUUID } from "node:crypto";
import { isDeepStrictEqual } from "node:util";
import type { Admin, Kafka } from "kafkajs";
import { verifyCollaboration } from "../../documents/collaboration.ts";
import type { CollaborationVersions } from "../../documents/collaboration-versions.ts";
import { createAcls, createTopics } from "../../runtime/kafka/admin.ts";
import { PavilionError } from "../../runtime/errors.ts";
import { openCollaborations } from "../../runtime/kafka/collaborations.ts";
import { openPublisher } from "../../runtime/kafka/publisher.ts";
import type { Log } from "../../runtime/log.ts";
import type { Codec } from "../../runtime/registry/codec.ts";
import type { CollaborationEntry, EventName, EventTypes } from "../../schemas/avro/index.ts";
import { reservedProviders, type TopicName } from "../../schemas/topics.ts";
import {
  auditorAcls,
  brokerAcls,
  connectorAcls,
  providerAcls,
  providerTopics,
  regionTopics,
} from "./access.ts";

export interface Region {
  readonly name: string;
  readonly partitions: number;
}

export class Operator {
  readonly #kafka: Kafka;
  readonly #admin: Admin;
  readonly #codec: Codec;
  readonly #log: Log;

  private constructor(kafka: Kafka, admin: Admin, codec: Codec, log: Log) {
    this.#kafka = kafka;
    this.#admin = admin;
    this.#codec = codec;
    this.#log = log;
  }

  static async connect(kafka: Kafka, codec: Codec, log: Log): Promise<Operator> {
    const admin = kafka.admin();
    await admin.connect();
    return new Operator(kafka, admin, codec, log);
  }

  /** Makes the region's topics and lets its connector at them. Throws CONFIG_INVALID for a name that is none. */
  async openRegion(region: Region): Promise<void> {
    requireName(region.name);
    await createTopics(this.#admin, regionTopics(region.name, region.partitions));
    await createAcls(this.#admin, connectorAcls(region.name));
  }

  /**
   * Makes the provider's topics, lets it at them, and enters it in the region's table. Throws CONFIG_INVALID for a name
   * that is none, or under which it would write a topic of the region's.
   */
  async admitProvider(region: Region, provider: string): Promise<void> {
    requireName(provider, reservedProviders);
    await createTopics(this.#admin, providerTopics(region.name, provider, region.partitions));
    await createAcls(this.#admin, providerAcls(region.name, provider));
    await this.#enter(region.name, "config.providers", "ProviderEntry", provider, {
      provider,
      admitted: true,
    });
  }

  /** Throws CONFIG_INVALID for a name that is none. */
  async admitBroker(region: Region, broker: string): Promise<void> {
    requireName(broker);
    await createAcls(this.#admin, brokerAcls(region.name, broker));
  }

  /** Throws CONFIG_INVALID for a name that is none. */
  async admitAuditor(region: Region, auditor: string): Promise<void> {
    requireName(auditor);
    await createAcls(this.#admin, auditorAcls(region.name, auditor));
  }

  /**
   * Publishes a collaboration in a region once every participant's signature holds and it may come after the versions
   * that stand there. A version that stands there already is left as it is: published again, it would come after its
   * successors once the table is compacted. Throws DOCUMENT_INVALID or BAD_SIGNATURE.
   */
  async publishCollaboration(region: Region, entry: CollaborationEntry): Promise<void> {
    const known = await this.#collaborations(region);
    const standing = known.at(entry.id, entry.version);
    if (standing !== undefined && !isDeepStrictEqual(standing, verifyCollaboration(entry))) {
      const message = `Version ${String(entry.version)} of ${entry.id} stands with another document.`;
      throw new PavilionError("DOCUMENT_INVALID", message, "Publish the change as a new version.");
    }
    if (known.add(entry) === undefined) return;
    const key = `${entry.id}@${String(entry.version)}`;
    await this.#enter(region.name, "config.collaborations", "CollaborationEntry", key, entry);
  }

  /** What stands in the region's table, as every party reads it: what does not hold is left out. */
  async #collaborations(region: Region): Promise<CollaborationVersions> {
    const view = await openCollaborations({
      kafka: this.#kafka,
      codec: this.#codec,
      region: region.name,
      group: `${region.name}.operator.${randomUUID()}`,
      log: this.#log,
      onChange: () => undefined,
      fail: () => undefined, // the opening itself fails then
    });
    await view.close();
    return view.table;
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

/** Names are parts of topics and ACLs, where a dot or a star would reach further: the documents' pattern has neither. */
function requireName(name: string, reserved: readonly string[] = []): void {
  if (/^[a-z][a-z0-9-]{1,62}$/.test(name) && !reserved.includes(name)) return;
  throw new PavilionError(
    "CONFIG_INVALID",
    "The name is reserved, or is not 2 to 63 lower-case letters, digits and dashes.",
    "Choose another name for the region, provider or broker.",
  );
}
