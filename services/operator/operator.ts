/**
 * What the operator of a region does on Kafka: opens the region, admits and revokes providers and brokers, publishes
 * collaborations.
 * Every step may be repeated.
 */
import type { Admin, Kafka } from "kafkajs";
import { verifyCollaboration } from "../../domain/terms/collaboration.ts";
import { requireServable, verifyPopulation } from "../../domain/terms/population.ts";
import { digestOf } from "../../crypto/jws/canonical.ts";
import {
  createAcls,
  createTopics,
  deleteAcls,
  deleteAclsOf,
  groupPrefixesOf,
} from "../../runtime/kafka/admin.ts";
import { requireWithin, type PopulationTable } from "../../domain/terms/home.ts";
import type { Collaboration } from "../../schemas/json/collaboration.ts";
import { PavilionError } from "../../errors/errors.ts";
import type { Publisher } from "../../runtime/kafka/publisher.ts";
import { readTerms, type Terms, type TermsContext, type TermsReader } from "../clients/terms.ts";
import type { Pipeline } from "../../runtime/contract/pipeline.ts";
import { readEvents } from "../../runtime/kafka/events.ts";
import { publishing } from "./publishing.ts";
import { Recovery } from "./recovery.ts";
import type { Log } from "../../runtime/log.ts";
import type { Codec } from "../../runtime/registry/codec.ts";
import type {
  CollaborationEntry,
  Departure,
  EventName,
  EventTypes,
  PopulationEntry,
} from "../../schemas/avro/index.ts";
import type { RegionCard } from "../../schemas/json/region-card.ts";
import { reservedNames, topicFor, type TopicName } from "../../schemas/topics.ts";
import {
  Access,
  admittedIn,
  brokerPrincipal,
  endedProviderAcls,
  providerPrincipal,
  type Member,
} from "./access.ts";
import { namedIn, namedOver, termsOf, type Named, type TermsOfParty } from "./terms.ts";

/** Where each party reads its terms. */
const termsTopic = { provider: "provider.terms.<provider>", broker: "broker.terms.<broker>" } as const;

export interface Region {
  readonly name: string;
  readonly partitions: number;
}

export interface OperatorPlan {
  readonly kafka: Kafka;
  readonly codec: Codec;
  /** Whose topics and rights it makes. */
  readonly pipelines: readonly Pipeline[];
  readonly log: Log;
}

export class Operator {
  readonly #kafka: Kafka;
  readonly #admin: Admin;
  readonly #codec: Codec;
  readonly #log: Log;
  readonly #access: Access;

  private constructor({ kafka, codec, pipelines, log }: OperatorPlan, admin: Admin) {
    this.#access = new Access(pipelines);
    this.#kafka = kafka;
    this.#admin = admin;
    this.#codec = codec;
    this.#log = log;
  }

  static async connect(plan: OperatorPlan): Promise<Operator> {
    const admin = plan.kafka.admin();
    await admin.connect();
    return new Operator(plan, admin);
  }

  /**
   * Makes the region's topics, lets its connector at them, and gives those who were admitted before what they have not yet:
   * an earlier version's stack goes on with this one's topics, rights and terms. Throws CONFIG_INVALID for a name that is none.
   */
  async openRegion(region: Region): Promise<void> {
    requireName(region.name);
    await createTopics(this.#admin, this.#access.regionTopics(region.name, region.partitions));
    await createAcls(this.#admin, this.#access.connectorAcls(region.name));
    await deleteAcls(this.#admin, this.#access.endedConnectorAcls(region.name));
    const members = admittedIn(region.name, await groupPrefixesOf(this.#admin));
    for (const member of members) await this.#letIn(region, member);
    const admitted = members.filter(isNamed);
    await this.#settleBrokers(region, admitted);
    await this.#handOut(region.name, admitted, await this.#terms(region.name));
  }

  /**
   * Results go to every broker of the table, also to one that was cut off since: what it was charged for is answered still. So
   * those that an earlier version admitted are entered, and those that it cut off have their topics.
   */
  async #settleBrokers(region: Region, admitted: readonly Named[]): Promise<void> {
    const entered = await this.#brokersIn(region.name);
    for (const id of entered) {
      const topics = this.#access.partyTopics(region.name, { role: "broker", id }, region.partitions);
      await createTopics(this.#admin, topics);
    }
    for (const { role, id: broker } of admitted) {
      if (role !== "broker" || entered.has(broker)) continue;
      const entry = { broker, key: null, admitted: true };
      await this.#enter(region.name, "config.brokers", "BrokerEntry", broker, entry);
    }
  }

  async #brokersIn(region: string): Promise<ReadonlySet<string>> {
    const brokers = new Set<string>();
    await readEvents(
      {
        kafka: this.#kafka,
        codec: this.#codec,
        region,
        groups: `${region}.operator.brokers`,
        log: this.#log,
      },
      {
        ...{ topic: "config.brokers", types: ["BrokerEntry"], from: "beginning" },
        take({ value: { broker } }) {
          brokers.add(broker);
        },
      },
    );
    return brokers;
  }

  /**
   * Makes the provider's topics, lets it at them, enters it in the region's table and hands it the terms that name it. Throws
   * CONFIG_INVALID for a name that is none, or under which it would write a topic of the region's.
   */
  async admitProvider(region: Region, provider: string): Promise<void> {
    requireName(provider);
    await this.#letIn(region, { role: "provider", id: provider });
    await this.#enter(region.name, "config.providers", "ProviderEntry", provider, {
      provider,
      admitted: true,
    });
    await this.#handOut(region.name, [{ role: "provider", id: provider }], await this.#terms(region.name));
  }

  /**
   * Makes the broker's topics, lets it at them, enters its standing and hands it the terms that name it. `key` is its card's.
   * Throws CONFIG_INVALID for a name that is none.
   */
  async admitBroker(region: Region, broker: string, key: string | null = null): Promise<void> {
    requireName(broker);
    await this.#letIn(region, { role: "broker", id: broker });
    await this.#enter(region.name, "config.brokers", "BrokerEntry", broker, { broker, key, admitted: true });
    await this.#handOut(region.name, [{ role: "broker", id: broker }], await this.#terms(region.name));
  }

  /**
   * Cuts a provider off in every region: its standing first, so that nothing of it is decided any more, then its rights, which
   * ends what a live connection may do at its next request. What it pushed and asked stays. Admitting it restores it.
   */
  async revokeProvider(regions: readonly Region[], provider: string): Promise<void> {
    requireName(provider);
    for (const { name } of regions) {
      await this.#enter(name, "config.providers", "ProviderEntry", provider, { provider, admitted: false });
    }
    await deleteAclsOf(this.#admin, providerPrincipal(provider));
  }

  /** Cuts a broker off in every region, as revokeProvider does; `key` is its card's. */
  async revokeBroker(regions: readonly Region[], broker: string, key: string | null): Promise<void> {
    requireName(broker);
    for (const { name } of regions) {
      await this.#enter(name, "config.brokers", "BrokerEntry", broker, { broker, key, admitted: false });
    }
    await deleteAclsOf(this.#admin, brokerPrincipal(broker));
  }

  /** A party's topics and rights, as this version has them. */
  async #letIn({ name, partitions }: Region, party: Member): Promise<void> {
    await createTopics(this.#admin, this.#access.partyTopics(name, party, partitions));
    await createAcls(this.#admin, this.#access.partyAcls(name, party));
    if (party.role === "provider") await deleteAcls(this.#admin, endedProviderAcls(name, party.id));
  }

  /** Throws CONFIG_INVALID for a name that is none. */
  async admitAuditor(region: Region, auditor: string): Promise<void> {
    requireName(auditor);
    await this.#letIn(region, { role: "auditor", id: auditor });
  }

  /**
   * Publishes a collaboration in a region once every participant's signature holds and it may come after the versions
   * that stand there, and hands it to everybody whom it names. A version that stands there already is left as it is:
   * published again, it would come after its successors once the table is compacted; it is handed to whom it was not yet, so
   * that a publishing that was cut off is mended by publishing again. Answers whom it did not reach, as they were never
   * admitted here: admitting hands it to them. Throws DOCUMENT_INVALID, SIGNATURE_MISSING, BAD_SIGNATURE, VERSION_SUPERSEDED,
   * VERSION_EARLY, UNKNOWN_POPULATION or OUTSIDE_POPULATION.
   */
  async publishCollaboration(region: Region, entry: CollaborationEntry): Promise<Named[]> {
    const terms = await this.#terms(region.name);
    const known = terms.collaborations;
    const document = verifyCollaboration(entry);
    requirePublishable(document, terms.populations);
    if (known.add(entry) !== undefined) {
      const { id, version, departures } = entry;
      const key = `${id}@${String(version)}@${digestOf(document)}`;
      await this.#enter(region.name, "config.collaborations", "CollaborationEntry", key, entry);
      await this.#tellRemovals(region.name, departures, { collaboration: id, version: String(version) });
    }
    // Those of earlier versions too: who is gone is told so.
    return this.#handOut(region.name, known.versionsOf(entry.id).flatMap(namedIn), terms);
  }

  /**
   * Publishes a version of a population in the region that answers about it, once its signatures hold and it follows the
   * version that stands there; a removal that it carries is told to the auditors. A version that stands already is left as
   * it is, and handed to whom it was not yet. Answers whom it did not reach.
   * Throws DOCUMENT_INVALID, SIGNATURE_MISSING, BAD_SIGNATURE, VERSION_SUPERSEDED, VERSION_EARLY or DATASET_TAKEN.
   */
  async publishPopulation(
    { name: region }: Region,
    entry: PopulationEntry,
    card: RegionCard,
  ): Promise<Named[]> {
    const document = verifyPopulation(entry);
    requireServable(document, card);
    const terms = await this.#terms(region);
    if (terms.populations.add(entry) !== undefined) {
      const { id, version, departures } = entry;
      const key = `${id}@${String(version)}@${digestOf(document)}`;
      await this.#enter(region, "config.populations", "PopulationEntry", key, entry);
      await this.#tellRemovals(region, departures, { population: id, version: String(version) });
    }
    return this.#handOut(region, namedOver(entry.id, terms), terms);
  }

  /** Every population of a region, by the digests of its versions, oldest first. */
  async populationsIn(region: string): Promise<{ id: string; digests: string[] }[]> {
    const { populations } = await this.#terms(region);
    return populations.ids.map((id) => ({
      id,
      digests: populations.chainOf(id).map(({ digest }) => digest),
    }));
  }

  /** Who is removed without having left is told to every auditor; the reason stands in the table for good. */
  async #tellRemovals(
    region: string,
    departures: readonly Departure[],
    from: Readonly<Record<string, string>>,
  ): Promise<void> {
    for (const { provider: tenant, reason } of departures) {
      if (reason === null) continue;
      const about = { tenant, region, stage: "operator", action: "provider.removed" };
      const event = {
        ...about,
        requestId: null,
        requestDigest: null,
        code: null,
        details: { ...from, reason },
      };
      await this.#enter(region, "audit.events", "AuditEvent", tenant, event);
    }
  }

  /** What stands in the region's tables, as every party checks it: what does not hold is left out. */
  #terms(region: string): Promise<Terms> {
    return readTerms(this.#readingAs({ role: "operator" }, region));
  }

  #readingAs(reader: TermsReader, region: string): TermsContext {
    return { kafka: this.#kafka, codec: this.#codec, region, reader, log: this.#log };
  }

  /** Copies to each party's own topic what it is to read and what does not stand there; answers those who have no such topic. */
  async #handOut(region: string, named: readonly Named[], terms: Terms): Promise<Named[]> {
    const parties = [...new Map(named.map((party) => [`${party.role} ${party.id}`, party])).values()];
    const topics = new Set(await this.#admin.listTopics());
    const isAdmitted = ({ role, id }: Named): boolean => topics.has(topicFor(region, termsTopic[role], id));
    await publishing({ kafka: this.#kafka, codec: this.#codec, region }, async (publisher) => {
      for (const party of parties.filter(isAdmitted))
        await this.#handTo(publisher, region, party, termsOf(party, terms));
    });
    return parties.filter((party) => !isAdmitted(party));
  }

  async #handTo(
    publisher: Publisher,
    region: string,
    { role, id }: Named,
    { populations, collaborations }: TermsOfParty,
  ): Promise<void> {
    if (populations.length + collaborations.length === 0) return;
    const standing = await readTerms(this.#readingAs({ role, id }, region));
    const topic = termsTopic[role];
    const to = (kind: string, entry: { readonly id: string; readonly version: number }) => ({
      key: `${kind}/${entry.id}@${String(entry.version)}`,
      owner: id,
    });
    for (const entry of populations) {
      if (standing.populations.at(entry.id, entry.version) !== undefined) continue;
      await publisher.publish(topic, "PopulationEntry", entry, to("population", entry));
    }
    for (const entry of collaborations) {
      if (standing.collaborations.entryOf(entry.id, entry.version) !== undefined) continue;
      await publisher.publish(topic, "CollaborationEntry", entry, to("collaboration", entry));
    }
  }

  async #enter<N extends EventName>(
    region: string,
    topic: TopicName,
    type: N,
    key: string,
    value: EventTypes[N],
  ): Promise<void> {
    await publishing({ kafka: this.#kafka, codec: this.#codec, region }, (publisher) =>
      publisher.publish(topic, type, value, { key }),
    );
  }

  /** What is to be done of a region that was put back from a backup. */
  recoveryOf(region: string): Recovery {
    return new Recovery({ kafka: this.#kafka, codec: this.#codec, region, log: this.#log });
  }

  async disconnect(): Promise<void> {
    await this.#admin.disconnect();
  }
}

/** Somebody whom terms may name. */
const isNamed = (member: Member): member is Named => member.role !== "auditor";

/** A collaboration is over datasets of one population, which stands first. */
function requirePublishable(document: Collaboration, populations: PopulationTable): void {
  const { id, population: name } = document;
  const population = populations.latest(name);
  if (population === undefined) {
    const message = `The region has no population ${name}, which the collaboration ${id} is over.`;
    throw new PavilionError("UNKNOWN_POPULATION", message);
  }
  requireWithin(document, population);
}

/** Names are parts of topics and ACLs, where a dot or a star would reach further: the documents' pattern has neither. */
function requireName(name: string): void {
  if (/^[a-z][a-z0-9-]{1,62}$/.test(name) && !reservedNames.includes(name)) return;
  throw new PavilionError(
    "CONFIG_INVALID",
    "The name is reserved, or is not 2 to 63 lower-case letters, digits and dashes.",
    "Choose another name for the region, provider or broker.",
  );
}
