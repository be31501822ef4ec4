/**
 * Topics and ACLs by kafkajs's admin client, all in one request each. What is there already stays as it is:
 * a topic's settings and partition count are not compared. Only allowances are made, from any host; without
 * one everything is refused.
 */
import { setTimeout as sleep } from "node:timers/promises";
import kafkajs from "kafkajs";
import type { AclEntry, Admin } from "kafkajs";

const { AclOperationTypes, AclPermissionTypes, AclResourceTypes, ResourcePatternTypes } = kafkajs;

export interface TopicSpec {
  readonly name: string;
  /** At least 1. */
  readonly partitions: number;
  /** Kafka's own names, such as `cleanup.policy`. */
  readonly config: Readonly<Record<string, string>>;
}

const resourceTypes = {
  topic: AclResourceTypes.TOPIC,
  group: AclResourceTypes.GROUP,
  cluster: AclResourceTypes.CLUSTER,
  transactionalId: AclResourceTypes.TRANSACTIONAL_ID,
} as const;

const operations = {
  all: AclOperationTypes.ALL,
  read: AclOperationTypes.READ,
  write: AclOperationTypes.WRITE,
  create: AclOperationTypes.CREATE,
  delete: AclOperationTypes.DELETE,
  describe: AclOperationTypes.DESCRIBE,
  describeConfigs: AclOperationTypes.DESCRIBE_CONFIGS,
  idempotentWrite: AclOperationTypes.IDEMPOTENT_WRITE,
} as const;

const patterns = { literal: ResourcePatternTypes.LITERAL, prefixed: ResourcePatternTypes.PREFIXED } as const;

export interface AclSpec {
  /** A user's name, without `User:`. */
  readonly principal: string;
  readonly resourceType: keyof typeof resourceTypes;
  /** For `cluster` always `kafka-cluster`. A prefix ends with a separator, or it also allows longer names. */
  readonly resourceName: string;
  readonly pattern: keyof typeof patterns;
  readonly operation: keyof typeof operations;
}

/** Makes the topics that are not there yet, one replica each, and waits until they have leaders. */
export async function createTopics(admin: Admin, specs: readonly TopicSpec[]): Promise<void> {
  const present = new Set(await admin.listTopics());
  const topics = specs
    .filter((spec) => !present.has(spec.name))
    .map((spec) => ({
      topic: spec.name,
      numPartitions: spec.partitions,
      replicationFactor: 1,
      configEntries: Object.entries(spec.config).map(([name, value]) => ({ name, value })),
    }));
  if (topics.length === 0) return;
  await admin.createTopics({ topics, waitForLeaders: false, timeout: 30_000 });
  await leadersOf(
    admin,
    topics.map(({ topic }) => topic),
  );
}

/**
 * Waits until every partition has a leader. kafkajs's own `waitForLeaders` gives up when the broker does not know a
 * topic yet, which it may not for some milliseconds after it was made.
 */
async function leadersOf(admin: Admin, topics: string[]): Promise<void> {
  const deadline = performance.now() + 30_000;
  for (;;) {
    try {
      const { topics: known } = await admin.fetchTopicMetadata({ topics });
      if (known.every(({ partitions }) => partitions.every(({ leader }) => leader >= 0))) return;
    } catch (error) {
      if (performance.now() > deadline) throw error;
    }
    await sleep(50);
  }
}

/**
 * Allows what the specs name; what was allowed before stays allowed. Resolves once the broker goes by it: Kafka acknowledges
 * ACLs when they are written, and refuses for some milliseconds more.
 */
export async function createAcls(admin: Admin, specs: readonly AclSpec[]): Promise<void> {
  if (specs.length === 0) return;
  const acl = specs.map(entryOf);
  await admin.createAcls({ acl });
  const principals = [...new Set(acl.map(({ principal }) => principal))];
  const deadline = performance.now() + 30_000;
  for (;;) {
    const known = new Set((await Promise.all(principals.map((one) => allowedTo(admin, one)))).flat());
    if (acl.every((one) => known.has(keyOf(one)))) return;
    if (performance.now() > deadline) throw new Error("Kafka took the ACLs and does not apply them");
    await sleep(20);
  }
}

const entryOf = (spec: AclSpec): AclEntry => ({
  principal: `User:${spec.principal}`,
  host: "*",
  permissionType: AclPermissionTypes.ALLOW,
  resourceType: resourceTypes[spec.resourceType],
  resourceName: spec.resourceName,
  resourcePatternType: patterns[spec.pattern],
  operation: operations[spec.operation],
});

/** Takes allowances back; those that were not there are no fault. */
export async function deleteAcls(admin: Admin, specs: readonly AclSpec[]): Promise<void> {
  const filters = specs.map(entryOf);
  if (filters.length > 0) await admin.deleteAcls({ filters });
}

/** Takes every allowance of a principal back. Resolves once the broker goes by it. */
export async function deleteAclsOf(admin: Admin, principal: string): Promise<void> {
  const user = `User:${principal}`;
  await admin.deleteAcls({
    filters: [
      {
        principal: user,
        permissionType: AclPermissionTypes.ANY,
        operation: AclOperationTypes.ANY,
        resourceType: AclResourceTypes.ANY,
        resourcePatternType: ResourcePatternTypes.ANY,
      },
    ],
  });
  const deadline = performance.now() + 30_000;
  while ((await allowedTo(admin, user)).length > 0) {
    if (performance.now() > deadline) throw new Error("Kafka removed the ACLs and still applies them");
    await sleep(20);
  }
}

/** Who may join consumer groups by which prefixes of their names, `User:` left out. */
export async function groupPrefixesOf(admin: Admin): Promise<{ principal: string; prefix: string }[]> {
  const { resources } = await admin.describeAcls({
    permissionType: AclPermissionTypes.ALLOW,
    operation: operations.read,
    resourceType: resourceTypes.group,
    resourcePatternType: patterns.prefixed,
  });
  return resources.flatMap(({ acls, resourceName }) =>
    acls.map(({ principal }) => ({ principal: principal.replace(/^User:/, ""), prefix: resourceName })),
  );
}

async function allowedTo(admin: Admin, principal: string): Promise<string[]> {
  const { resources } = await admin.describeAcls({
    principal,
    host: "*",
    permissionType: AclPermissionTypes.ALLOW,
    operation: AclOperationTypes.ANY,
    resourceType: AclResourceTypes.ANY,
    resourcePatternType: ResourcePatternTypes.ANY,
  });
  return resources.flatMap(({ acls, ...resource }) => acls.map((acl) => keyOf({ ...resource, ...acl })));
}

const keyOf = (acl: AclEntry): string =>
  JSON.stringify([acl.principal, acl.resourceType, acl.resourceName, acl.resourcePatternType, acl.operation]);
