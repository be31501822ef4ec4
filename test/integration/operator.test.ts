/**
 * What the operator publishes in a region's table of collaborations and hands to those whom it names, on real Kafka.
 */
import assert from "node:assert/strict";
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, before, test } from "node:test";
import kafkajs from "kafkajs";
import { digestOf } from "../../crypto/jws/canonical.ts";
import type { Ed25519Key } from "../../crypto/jws/ed25519.ts";
import { createAcls } from "../../runtime/kafka/admin.ts";
import { openPublisher } from "../../runtime/kafka/publisher.ts";
import { connectKafka } from "../../runtime/kafka/client.ts";
import { openLog } from "../../runtime/log.ts";
import { collaborationTemplate, populationTemplate } from "../../examples/example.ts";
import { brokerPrincipal, endedProviderAcls, providerPrincipal } from "../../services/operator/access.ts";
import type { Named } from "../../services/operator/terms.ts";
import { agree, agreeOnPopulation, makeBroker, makeProvider } from "../../services/stack/parties.ts";
import { Stack } from "../../services/stack/stack.ts";
import { readTopic } from "./read-topic.ts";
import { testParts } from "./parts.ts";

const region = { name: "eu-central", partitions: 2, jurisdiction: "EU" };
const template = collaborationTemplate();
const keys = new Map<string, Ed25519Key>();
const ending = new AsyncDisposableStack();
let stack: Stack;

before(async () => {
  const dir = mkdtempSync(join(tmpdir(), "pavilion-test-"));
  ending.defer(() => {
    rmSync(dir, { recursive: true, force: true });
  });
  const log = openLog({ service: "test" }, "silent");
  stack = await Stack.start({
    dir,
    regions: [region],
    providers: [],
    brokers: [],
    users: [providerPrincipal("northwind-health"), brokerPrincipal("core-broker")],
    parts: await testParts(),
    log,
  });
  ending.defer(() => stack.stop());
  for (const { id } of template.providers) keys.set(id, await makeProvider(stack, id));
  for (const { id } of template.brokers) keys.set(id, await makeBroker(stack, id));
});

after(() => ending.disposeAsync());

const keysOn = async (topic: string): Promise<string[]> =>
  (await readTopic(stack.kafka, `${region.name}.${topic}`)).map(({ key }) => key);
/** Without the digests in which they end. */
const standing = async (): Promise<string[]> =>
  (await keysOn("config.collaborations")).map((key) => key.split("@").slice(0, 2).join("@"));

const publish = async (change: Partial<typeof template>): Promise<Named[]> =>
  stack.operator.publishCollaboration(region, await agree({ ...template, ...change }, keys));

/** What the version after the one of these changes says. */
async function following(change: Partial<typeof template>): Promise<Partial<typeof template>> {
  const { version, document } = await agree({ ...template, ...change }, keys);
  return { version: version + 1, previous: digestOf(JSON.parse(document)) };
}
let second: Partial<typeof template>;
let third: Partial<typeof template>;

test("a collaboration is published after its population, and within it alone", async () => {
  await assert.rejects(publish({}), { code: "UNKNOWN_POPULATION" });
  const card = stack.cardOf(region.name);
  const population = await agreeOnPopulation(populationTemplate(), card, keys);
  const unreached = await stack.operator.publishPopulation(region, population, card);
  assert.deepEqual(unreached.map(({ id }) => id).sort(), ["northwind-health", "southbank-insurance"]);
  await stack.operator.publishPopulation(region, population, card);
  assert.equal((await keysOn("config.populations")).length, 1);
  const fresh = await agreeOnPopulation({ ...populationTemplate(), id: "fresh" }, card, keys);
  await assert.rejects(stack.operator.publishPopulation(region, fresh, card), { code: "DATASET_TAKEN" });
  const [first, ...rest] = template.providers;
  assert.ok(first !== undefined);
  const outside = publish({ providers: [{ ...first, dataset: "others" }, ...rest] });
  await assert.rejects(outside, { code: "OUTSIDE_POPULATION" });
});

test("parties that were never admitted are named, and get their terms once they are", async () => {
  const unreached = (await publish({})).map(({ id }) => id);
  assert.deepEqual(unreached, ["northwind-health", "southbank-insurance", "core-broker"]);
  for (const { id } of template.providers) await stack.operator.admitProvider(region, id);
  await stack.operator.admitBroker(region, "core-broker");
  await stack.operator.admitProvider(region, "stranger");
  const first = ["population/febrl-4@1", "collaboration/insured-patients@1"];
  assert.deepEqual(await keysOn("provider.terms.northwind-health"), first);
  assert.deepEqual(await keysOn("provider.terms.southbank-insurance"), first);
  assert.deepEqual(await keysOn("broker.terms.core-broker"), first);
  assert.deepEqual(await keysOn("provider.terms.stranger"), []);
});

test("a version that stands is not entered twice, and never changes", async () => {
  await publish({});
  await publish({});
  await assert.rejects(publish({ minimumGroup: 19 }), { code: "VERSION_SUPERSEDED" });
  assert.deepEqual(await standing(), ["insured-patients@1"]);
});

test("a new version is entered where it may come after those that stand", async () => {
  second = { ...(await following({})), minimumGroup: 19 };
  await publish(second);
  await assert.rejects(publish({ ...second, minimumGroup: 5 }), { code: "VERSION_SUPERSEDED" });
  await publish({});
  assert.deepEqual(await standing(), ["insured-patients@1", "insured-patients@2"]);
});

test("an entry that nobody can read stops no publication", async () => {
  const producer = stack.kafka.producer();
  await producer.connect();
  const topic = `${region.name}.config.collaborations`;
  await producer.send({ topic, messages: [{ key: "garbage", value: "garbage" }] });
  await producer.disconnect();
  third = { ...(await following(second)), minimumGroup: 18 };
  await publish(third);
  assert.equal((await standing()).at(-1), "insured-patients@3");
});

test("what a publishing that was cut off has not handed out is handed out by the next one, once", async () => {
  const fourth = { ...(await following(third)), minimumGroup: 17 };
  const entry = await agree({ ...template, ...fourth }, keys);
  const publisher = await openPublisher(stack.kafka, stack.codec, region.name, "/test");
  await publisher.publish("config.collaborations", "CollaborationEntry", entry, {
    key: "insured-patients@4",
  });
  await publisher.close();
  assert.deepEqual(await publish(fourth), []);
  await publish(fourth);
  const handed = [
    "population/febrl-4@1",
    ...[1, 2, 3, 4].map((version) => `collaboration/insured-patients@${String(version)}`),
  ];
  assert.deepEqual(await keysOn("provider.terms.northwind-health"), handed);
  assert.deepEqual(await keysOn("broker.terms.core-broker"), handed);
});

test("those whom an earlier version admitted get topics, rights and terms at the next start, and lose the table", async () => {
  const id = "southbank-insurance";
  const topic = `${region.name}.provider.terms.${id}`;
  const admin = stack.kafka.admin();
  await admin.connect();
  try {
    const before = await keysOn(`provider.terms.${id}`);
    await admin.deleteTopics({ topics: [topic] });
    await createAcls(admin, endedProviderAcls(region.name, id));
    await stack.operator.openRegion(region);
    assert.deepEqual(await keysOn(`provider.terms.${id}`), before);
    const { resources } = await admin.describeAcls({
      principal: `User:${providerPrincipal(id)}`,
      resourceType: kafkajs.AclResourceTypes.TOPIC,
      resourceName: `${region.name}.config.collaborations`,
      resourcePatternType: kafkajs.ResourcePatternTypes.LITERAL,
      operation: kafkajs.AclOperationTypes.ANY,
      permissionType: kafkajs.AclPermissionTypes.ANY,
    });
    assert.deepEqual(resources, []);
    // Results go to every broker of the table, one that was cut off before it had a topic for them too.
    const results = `${region.name}.broker.results.former`;
    await stack.operator.revokeBroker([region], "former", null);
    assert.ok(!(await admin.listTopics()).includes(results));
    await stack.operator.openRegion(region);
    assert.ok((await admin.listTopics()).includes(results));
  } finally {
    await admin.disconnect();
  }
});

/** Whether the last entries of the standings' tables let the party in. */
async function isStanding(topic: "config.providers" | "config.brokers", id: string): Promise<boolean> {
  const records = await readTopic(stack.kafka, `${region.name}.${topic}`);
  const value = records.findLast(({ key }) => key === id)?.value;
  assert.ok(value);
  const entry = await stack.codec.decode(
    topic,
    topic === "config.brokers" ? "BrokerEntry" : "ProviderEntry",
    value,
  );
  return "admitted" in entry && entry.admitted;
}

const parties = {
  provider: {
    id: "northwind-health",
    topic: `${region.name}.ingest.northwind-health`,
    table: "config.providers",
    user: providerPrincipal("northwind-health"),
    revoke: () => stack.operator.revokeProvider([region], "northwind-health"),
    admit: () => stack.operator.admitProvider(region, "northwind-health"),
  },
  broker: {
    id: "core-broker",
    topic: `${region.name}.broker.requests`,
    table: "config.brokers",
    user: brokerPrincipal("core-broker"),
    revoke: () => stack.operator.revokeBroker([region], "core-broker", "k"),
    admit: () => stack.operator.admitBroker(region, "core-broker", "k"),
  },
} as const;

for (const [role, { id, topic, table, user, revoke, admit }] of Object.entries(parties)) {
  test(`a ${role} that is revoked may write nothing more on the connection it has, until it is admitted again`, async () => {
    const kafka = connectKafka(stack.access(user), user, openLog({ service: "test" }, "silent"));
    const producer = kafka.producer({ retry: { retries: 0 } });
    const write = () => producer.send({ topic, messages: [{ key: "k", value: "v" }] });
    const denied = { type: "TOPIC_AUTHORIZATION_FAILED" };
    await producer.connect();
    try {
      await write();
      assert.ok(await isStanding(table, id));
      for (let times = 0; times < 2; times++) {
        await revoke();
        await assert.rejects(write(), denied);
        assert.equal(await isStanding(table, id), false);
      }
      // The next start lets nobody in again who was cut off.
      await stack.operator.openRegion(region);
      await assert.rejects(write(), denied);
      await admit();
      assert.ok(await isStanding(table, id));
      await write();
    } finally {
      await producer.disconnect();
    }
  });
}
