/**
 * Who may do what on Kafka, as data: the topics of a region and the ACLs of each principal, derived from what pipelines
 * declare. Nothing is allowed that is not declared. Prefixes end with a dot, so that no name can be a prefix of another's.
 */
import { stagesOf, tablesOf, topicsOf, type Pipeline } from "../../runtime/contract/pipeline.ts";
import type { AclSpec, TopicSpec } from "../../runtime/kafka/admin.ts";
import { batchBytesMax, outsideBytesMax } from "../../runtime/kafka/wire/bounds.ts";
import {
  changelogTopic,
  commonTopics,
  deadLetterTopic,
  isOutside,
  ownerOf,
  topicFor,
  topicPrefix,
  type Party,
  type TopicName,
  type Topics,
} from "../../schemas/topics.ts";

export const connectorPrincipal = (region: string): string => `connector.${region}`;
export const providerPrincipal = (provider: string): string => `provider.${provider}`;
export const brokerPrincipal = (broker: string): string => `broker.${broker}`;
export const auditorPrincipal = (auditor: string): string => `auditor.${auditor}`;

/** Somebody with a log-in of its own. */
export interface Member {
  readonly role: Exclude<Party, "operator">;
  readonly id: string;
}

export class Access {
  readonly #topics: Topics;
  readonly #stages: readonly string[];
  /** What a connector's stages and tables read, and what its stages write. */
  readonly #read: ReadonlySet<TopicName>;
  readonly #written: ReadonlySet<TopicName>;

  constructor(pipelines: readonly Pipeline[]) {
    const stages = stagesOf(pipelines);
    this.#topics = topicsOf(pipelines);
    this.#stages = stages.map(({ name }) => name);
    this.#read = new Set([
      ...stages.flatMap(({ inputs }) => inputs.map(({ topic }) => topic)),
      ...tablesOf(pipelines),
    ]);
    this.#written = new Set([
      // What every stage may write.
      ...(Object.keys(commonTopics) as TopicName[]),
      ...stages.flatMap(({ outputs }) => outputs),
      ...pipelines.flatMap(({ asking }) => (asking.replies === undefined ? [] : [asking.replies.topic])),
    ]);
  }

  /** Every topic of a region but the parties' own. */
  regionTopics(region: string, partitions: number): TopicSpec[] {
    return [
      ...this.#shared.map((name) => this.#specOf(region, name, partitions)),
      ...this.#stages.flatMap((stage) => [
        { name: deadLetterTopic(region, stage), partitions: 1, config: inner },
        { name: changelogTopic(region, stage), partitions, config: { ...inner, ...compacted } },
      ]),
    ];
  }

  /** A party's own topics in a region. */
  partyTopics(region: string, { role, id }: Member, partitions: number): TopicSpec[] {
    return this.#ownOf(role).map((name) => this.#specOf(region, name, partitions, id));
  }

  /**
   * The connector reads what its stages read and its tables, and writes what its stages write: never what others write
   * alone.
   */
  connectorAcls(region: string): AclSpec[] {
    const principal = connectorPrincipal(region);
    const may = (names: ReadonlySet<TopicName>, operation: "read" | "write"): AclSpec[] =>
      this.#shared
        .filter((name) => names.has(name))
        .flatMap((name) => allow(principal, "topic", topicFor(region, name), "literal", [operation]));
    const owned = [...this.#read].filter((name) => ownerOf(name) !== undefined);
    const stagesOwn = this.#stages.flatMap((stage) => [
      deadLetterTopic(region, stage),
      changelogTopic(region, stage),
    ]);
    return [
      ...owned.flatMap((name) => allow(principal, "topic", topicPrefix(region, name), "prefixed", ["read"])),
      ...may(this.#read, "read"),
      ...may(this.#written, "write"),
      ...stagesOwn.flatMap((name) => allow(principal, "topic", name, "literal", ["read", "write"])),
      ...allow(principal, "group", `${region}.`, "prefixed", ["read", "delete"]),
      ...allow(principal, "transactionalId", `${region}.`, "prefixed", ["write"]),
    ];
  }

  /**
   * What earlier versions let a connector do, and this one does not: it read everything, providers' own state too, then
   * read and wrote every topic that others do not write alone.
   */
  endedConnectorAcls(region: string): AclSpec[] {
    const principal = connectorPrincipal(region);
    const ended = (kept: ReadonlySet<TopicName>, operation: "read" | "write"): AclSpec[] =>
      this.#shared
        .filter((name) => !kept.has(name))
        .flatMap((name) => allow(principal, "topic", topicFor(region, name), "literal", [operation]));
    return [
      ...allow(principal, "topic", `${region}.`, "prefixed", ["read"]),
      ...ended(this.#read, "read"),
      ...ended(this.#written, "write"),
    ];
  }

  /** What a party may do in a region, and what the connector may with the topics that are the party's own. */
  partyAcls(region: string, { role, id }: Member): AclSpec[] {
    const principal = `${role}.${id}`;
    const own = groupPrefix(region, { role, id });
    const names = [...this.#shared, ...this.#ownOf(role)];
    const written = names.filter((name) => this.#topics.of(name).writers?.includes(role));
    const read = names.filter((name) => this.#topics.of(name).readers?.includes(role));
    const may = (of: readonly TopicName[], operation: "read" | "write"): AclSpec[] =>
      of.flatMap((name) => allow(principal, "topic", topicFor(region, name, id), "literal", [operation]));
    return [
      ...may(written, "write"),
      ...may(read, "read"),
      // Whoever reads what it writes itself fences its other processes.
      ...(written.some((name) => read.includes(name))
        ? allow(principal, "transactionalId", own, "prefixed", ["write"])
        : []),
      ...allow(principal, "group", own, "prefixed", ["read", "delete"]),
      ...this.#ownOf(role)
        .filter((name) => this.#written.has(name))
        .flatMap((name) =>
          allow(connectorPrincipal(region), "topic", topicFor(region, name, id), "literal", ["write"]),
        ),
    ];
  }

  get #shared(): TopicName[] {
    return this.#topics.names.filter((name) => ownerOf(name) === undefined);
  }

  #ownOf(role: string): TopicName[] {
    return this.#topics.names.filter((name) => ownerOf(name) === role);
  }

  #specOf(region: string, name: TopicName, partitions: number, owner?: string): TopicSpec {
    const declaration = this.#topics.of(name);
    return {
      name: topicFor(region, name, owner),
      partitions: declaration.partitions === "spread" ? partitions : 1,
      config: {
        ...(isOutside(declaration) ? outer : inner),
        ...(declaration.compacted === true ? compacted : {}),
        ...(declaration.retentionMs === undefined ? {} : { "retention.ms": String(declaration.retentionMs) }),
      },
    };
  }
}

/** Those of a region who were admitted, by the consumer groups that each has of its own there: whoever reads anything has some. */
export function admittedIn(
  region: string,
  groups: readonly { readonly principal: string; readonly prefix: string }[],
): Member[] {
  return (["provider", "broker", "auditor"] as const).flatMap((role) =>
    groups
      .map(({ principal, prefix }) => ({ principal, prefix, id: principal.slice(role.length + 1) }))
      .filter(
        ({ principal, prefix, id }) =>
          principal === `${role}.${id}` && prefix === groupPrefix(region, { role, id }),
      )
      .map(({ id }) => ({ role, id })),
  );
}

/** What the names of a party's consumer groups begin with. */
const groupPrefix = (region: string, { role, id }: Member): string => `${region}.${role}.${id}.`;

/** The broker's clock, not the writer's, says when a record came. */
const recorded = { "message.timestamp.type": "LogAppendTime" };

/** What stages write may be larger than what outsiders may: an outsider's record must fit into what follows from it. */
const inner = { ...recorded, "max.message.bytes": String(batchBytesMax) };
const outer = { ...recorded, "max.message.bytes": String(outsideBytesMax) };

/** Small segments, so that compaction keeps up and a restore is short. */
const compacted = { "cleanup.policy": "compact", "segment.bytes": "33554432" };

/** What a provider was allowed by earlier versions, and is no longer: to read everybody's terms. */
export function endedProviderAcls(region: string, provider: string): AclSpec[] {
  const table = topicFor(region, "config.collaborations");
  return allow(providerPrincipal(provider), "topic", table, "literal", ["read"]);
}

/** Kafka takes describe from read and write. */
function allow(
  principal: string,
  resourceType: AclSpec["resourceType"],
  resourceName: string,
  pattern: AclSpec["pattern"],
  operations: readonly AclSpec["operation"][],
): AclSpec[] {
  return operations.map((operation) => ({ principal, resourceType, resourceName, pattern, operation }));
}
