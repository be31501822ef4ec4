/**
 * Who may do what on Kafka, as data: the topics of a region and the ACLs of each principal. Nothing is allowed that is
 * not listed here. Prefixes end with a dot, so that no name can be a prefix of another's.
 */
import type { AclSpec, TopicSpec } from "../../runtime/kafka/admin.ts";
import { batchBytesMax, outsideBytesMax } from "../../runtime/kafka/wire/bounds.ts";
import { privateComputation } from "../../pipelines/private-computation/pipeline.ts";
import {
  changelogTopic,
  deadLetterTopic,
  declarationOf,
  ownerOf,
  topicFor,
  topics,
  type TopicName,
} from "../../schemas/topics.ts";
import type { Named } from "./terms.ts";

export const connectorPrincipal = (region: string): string => `connector.${region}`;
export const providerPrincipal = (provider: string): string => `provider.${provider}`;
export const brokerPrincipal = (broker: string): string => `broker.${broker}`;
export const auditorPrincipal = (auditor: string): string => `auditor.${auditor}`;

const names = Object.keys(topics) as TopicName[];
const stageNames = privateComputation.map((stage) => stage.name);

/** Every topic of a region but the parties' own. */
export function regionTopics(region: string, partitions: number): TopicSpec[] {
  const declared = names
    .filter((name) => ownerOf(name) === undefined)
    .map((name) => topicSpec(region, name, partitions));
  const internal = stageNames.flatMap((stage) => [
    { name: deadLetterTopic(region, stage), partitions: 1, config: inner },
    { name: changelogTopic(region, stage), partitions, config: { ...inner, ...compacted } },
  ]);
  return [...declared, ...internal];
}

/** Those of a region who were admitted as providers and brokers, by what they may write. */
export function admittedIn(
  region: string,
  writers: readonly { readonly principal: string; readonly topic: string }[],
): Named[] {
  const rights = new Set(writers.map(({ principal, topic }) => `${topic} ${principal}`));
  const ids = (prefix: string): string[] => [
    ...new Set(
      writers.flatMap(({ principal }) =>
        principal.startsWith(prefix) ? [principal.slice(prefix.length)] : [],
      ),
    ),
  ];
  const providers = ids(providerPrincipal("")).filter((id) =>
    rights.has(`${topicFor(region, "ingest.<provider>", id)} ${providerPrincipal(id)}`),
  );
  const brokers = ids(brokerPrincipal("")).filter((id) =>
    rights.has(`${topicFor(region, "broker.requests")} ${brokerPrincipal(id)}`),
  );
  return [
    ...providers.map((id): Named => ({ role: "provider", id })),
    ...brokers.map((id): Named => ({ role: "broker", id })),
  ];
}

/** A provider's own topics in a region. */
export function providerTopics(region: string, provider: string, partitions: number): TopicSpec[] {
  return names
    .filter((name) => ownerOf(name) === "provider")
    .map((name) => topicSpec(region, name, partitions, provider));
}

/** A broker's own topics in a region. */
export function brokerTopics(region: string, broker: string, partitions: number): TopicSpec[] {
  return names
    .filter((name) => ownerOf(name) === "broker")
    .map((name) => topicSpec(region, name, partitions, broker));
}

/** The broker's clock, not the writer's, says when a record came. */
const recorded = { "message.timestamp.type": "LogAppendTime" };

/** What stages write may be larger than what outsiders may: an outsider's record must fit into what follows from it. */
const inner = { ...recorded, "max.message.bytes": String(batchBytesMax) };
const outer = { ...recorded, "max.message.bytes": String(outsideBytesMax) };

/** Small segments, so that compaction keeps up and a restore is short. */
const compacted = { "cleanup.policy": "compact", "segment.bytes": "33554432" };

function topicSpec(region: string, name: TopicName, partitions: number, owner?: string): TopicSpec {
  const declaration = declarationOf(name);
  return {
    name: topicFor(region, name, owner),
    partitions: declaration.partitions === "spread" ? partitions : 1,
    config: {
      ...(declaration.outside === true ? outer : inner),
      ...(declaration.compacted === true ? compacted : {}),
      ...(declaration.retentionMs === undefined ? {} : { "retention.ms": String(declaration.retentionMs) }),
    },
  };
}

/**
 * The connector reads the region's topics and what providers push, and writes what its stages write; never a provider's
 * topic or a request. What a provider's agents keep for one another it does not read.
 */
export function connectorAcls(region: string): AclSpec[] {
  const principal = connectorPrincipal(region);
  const read = names.filter((name) => ownerOf(name) === undefined);
  const written = read.filter((name) => !writtenByOthers.includes(name));
  const stagesOwn = stageNames.flatMap((stage) => [
    deadLetterTopic(region, stage),
    changelogTopic(region, stage),
  ]);
  return [
    ...allow(principal, "topic", `${region}.ingest.`, "prefixed", ["read"]),
    ...read.flatMap((name) => allow(principal, "topic", topicFor(region, name), "literal", ["read"])),
    ...written.flatMap((name) => allow(principal, "topic", topicFor(region, name), "literal", ["write"])),
    ...stagesOwn.flatMap((name) => allow(principal, "topic", name, "literal", ["read", "write"])),
    ...allow(principal, "group", `${region}.`, "prefixed", ["read", "delete"]),
    ...allow(principal, "transactionalId", `${region}.`, "prefixed", ["write"]),
  ];
}

/** The operator writes the tables, the Core Broker its requests. */
const writtenByOthers: readonly TopicName[] = [
  "broker.requests",
  "config.collaborations",
  "config.populations",
  "config.providers",
  "config.brokers",
];

/** A provider writes its ingest topic, reads what is addressed to it, and has a topic for its own agents alone. */
export function providerAcls(region: string, provider: string): AclSpec[] {
  const principal = providerPrincipal(provider);
  const addressed: TopicName[] = [
    "oprf.blinded.<provider>",
    "oprf.evaluated.<provider>",
    "provider.notices.<provider>",
    "provider.requests.<provider>",
    "provider.heads.<provider>",
  ];
  const own = `${region}.provider.${provider}.`;
  return [
    ...allow(principal, "topic", topicFor(region, "ingest.<provider>", provider), "literal", ["write"]),
    ...allow(principal, "topic", topicFor(region, "provider.terms.<provider>", provider), "literal", [
      "read",
    ]),
    ...allow(principal, "topic", topicFor(region, "provider.state.<provider>", provider), "literal", [
      "read",
      "write",
    ]),
    ...allow(principal, "transactionalId", own, "prefixed", ["write"]),
    ...allow(principal, "group", own, "prefixed", ["read", "delete"]),
    ...addressed.flatMap((name) => [
      ...allow(principal, "topic", topicFor(region, name, provider), "literal", ["read"]),
      ...allow(connectorPrincipal(region), "topic", topicFor(region, name, provider), "literal", ["write"]),
    ]),
  ];
}

/** What a provider was allowed by earlier versions, and is no longer: to read everybody's terms. */
export function endedProviderAcls(region: string, provider: string): AclSpec[] {
  const table = topicFor(region, "config.collaborations");
  return allow(providerPrincipal(provider), "topic", table, "literal", ["read"]);
}

/** What earlier versions let a connector do, and this one does not: it read everything, providers' own state too. */
export const endedConnectorAcls = (region: string): AclSpec[] =>
  allow(connectorPrincipal(region), "topic", `${region}.`, "prefixed", ["read"]);

/** A broker writes requests, and reads what is public, its terms and answers. */
export function brokerAcls(region: string, broker: string): AclSpec[] {
  const principal = brokerPrincipal(broker);
  return [
    ...allow(principal, "topic", topicFor(region, "broker.requests"), "literal", ["write"]),
    ...(["broker.results", "config.seeds", "evidence.bundles"] as const).flatMap((name) =>
      allow(principal, "topic", topicFor(region, name), "literal", ["read"]),
    ),
    ...allow(principal, "topic", topicFor(region, "broker.terms.<broker>", broker), "literal", ["read"]),
    ...allow(principal, "group", `${region}.broker.${broker}.`, "prefixed", ["read", "delete"]),
  ];
}

/** An auditor reads what proves, and every decision; nothing that is sealed is among it. */
export function auditorAcls(region: string, auditor: string): AclSpec[] {
  const principal = auditorPrincipal(auditor);
  return [
    ...(["audit.events", "evidence.bundles", "proofs.anchored"] as const).flatMap((name) =>
      allow(principal, "topic", topicFor(region, name), "literal", ["read"]),
    ),
    ...allow(principal, "group", `${region}.auditor.${auditor}.`, "prefixed", ["read", "delete"]),
  ];
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
