import assert from "node:assert/strict";
import { describe, test } from "node:test";
import fc from "fast-check";
import type { Kafka } from "kafkajs";
import type { AclSpec } from "../../runtime/kafka/admin.ts";
import { openLog } from "../../runtime/log.ts";
import type { Codec } from "../../runtime/registry/codec.ts";
import { reservedNames, topicFor } from "../../schemas/topics.ts";
import { pipelines } from "../../pipelines/pipelines.ts";
import { Access, admittedIn, brokerPrincipal, connectorPrincipal, providerPrincipal } from "./access.ts";
import { Operator } from "./operator.ts";

const PARTITIONS = 2;
const access = new Access(pipelines);
const regionTopics = (region: string, partitions: number) => access.regionTopics(region, partitions);
const connectorAcls = (region: string) => access.connectorAcls(region);
const providerAcls = (region: string, id: string) => access.partyAcls(region, { role: "provider", id });
const brokerAcls = (region: string, id: string) => access.partyAcls(region, { role: "broker", id });
const providerTopics = (region: string, id: string, partitions: number) =>
  access.partyTopics(region, { role: "provider", id }, partitions);
const brokerTopics = (region: string, id: string, partitions: number) =>
  access.partyTopics(region, { role: "broker", id }, partitions);
const invalid = { code: "CONFIG_INVALID" };

const namesOf = (specs: readonly { readonly name: string }[]): string[] => specs.map(({ name }) => name);

/** Names that topics are made of, which are the ones that could collide, and any other name of the documents' pattern. */
const parts = [...regionTopics("au", PARTITIONS), ...providerTopics("au", "north", PARTITIONS)]
  .flatMap(({ name }) => name.split("."))
  .filter((part) => part !== "");
const names = fc.oneof(
  fc.constantFrom(...new Set([...parts, "connector", "provider", "broker", "operator", "constructor"])),
  fc.stringMatching(/^[a-z][a-z0-9-]{1,62}$/),
);
const providers = names.filter((name) => !reservedNames.includes(name));

/** Every allowance of two regions that have the same providers and brokers. */
const everything = (regions: readonly string[], parties: readonly string[]): AclSpec[] =>
  regions.flatMap((region) => [
    ...connectorAcls(region),
    ...parties.flatMap((party) => [...providerAcls(region, party), ...brokerAcls(region, party)]),
  ]);

const covers = (acl: AclSpec, topic: string): boolean =>
  acl.resourceType === "topic" &&
  (acl.pattern === "prefixed" ? topic.startsWith(acl.resourceName) : topic === acl.resourceName);

/** Who may do anything but read the topic. */
const writersOf = (acls: readonly AclSpec[], topic: string): string[] => [
  ...new Set(
    acls.filter((acl) => acl.operation !== "read" && covers(acl, topic)).map(({ principal }) => principal),
  ),
];

const twoRegions = fc.uniqueArray(names, { minLength: 2, maxLength: 2 });
const someProviders = fc.uniqueArray(providers, { minLength: 1, maxLength: 3 });

test("no topic of a party is the region's or another party's, whatever allowed names they have", () => {
  fc.assert(
    fc.property(twoRegions, someProviders, (regions, ids) => {
      const all = regions.flatMap((region) => [
        ...namesOf(regionTopics(region, PARTITIONS)),
        ...ids.flatMap((id) => namesOf(providerTopics(region, id, PARTITIONS))),
        ...ids.flatMap((id) => namesOf(brokerTopics(region, id, PARTITIONS))),
      ]);
      assert.equal(new Set(all).size, all.length);
    }),
  );
});

test("the reserved names are those that collide, and no other", () => {
  const region = new Set(namesOf(regionTopics("au", PARTITIONS)));
  const colliding = [...new Set(parts)].filter((id) =>
    namesOf(providerTopics("au", id, PARTITIONS)).some((name) => region.has(name)),
  );
  assert.deepEqual(colliding.sort(), [...reservedNames].sort());
});

test("every prefix ends with a dot", () => {
  fc.assert(
    fc.property(twoRegions, someProviders, (regions, ids) => {
      for (const acl of everything(regions, ids)) {
        assert.ok(acl.pattern === "literal" || acl.resourceName.endsWith("."), acl.resourceName);
      }
    }),
  );
});

test("a provider alone writes its ingest topic", () => {
  fc.assert(
    fc.property(twoRegions, someProviders, (regions, ids) => {
      const acls = everything(regions, ids);
      for (const region of regions) {
        for (const id of ids) {
          const topic = topicFor(region, "ingest.<provider>", id);
          assert.deepEqual(writersOf(acls, topic), [providerPrincipal(id)]);
        }
      }
    }),
  );
});

test("a party alone reads its terms, which the operator alone writes, and its agents' state; nobody else's and no table of terms is a party's to read", () => {
  fc.assert(
    fc.property(twoRegions, someProviders, (regions, ids) => {
      const acls = everything(regions, ids);
      const readersOf = (topic: string): string[] => [
        ...new Set(
          acls
            .filter((acl) => acl.operation === "read" && covers(acl, topic))
            .map(({ principal }) => principal),
        ),
      ];
      for (const region of regions) {
        const connector = connectorPrincipal(region);
        assert.deepEqual(readersOf(topicFor(region, "config.collaborations")), [connector]);
        for (const id of ids) {
          const topics = {
            [providerPrincipal(id)]: topicFor(region, "provider.terms.<provider>", id),
            [brokerPrincipal(id)]: topicFor(region, "broker.terms.<broker>", id),
          };
          for (const [principal, topic] of Object.entries(topics)) {
            assert.deepEqual(readersOf(topic), [principal], topic);
            assert.deepEqual(writersOf(acls, topic), [], topic);
          }
          const state = topicFor(region, "provider.state.<provider>", id);
          assert.deepEqual(readersOf(state), [providerPrincipal(id)], state);
          assert.deepEqual(writersOf(acls, state), [providerPrincipal(id)], state);
        }
      }
    }),
  );
});

test("who was admitted in a region is told by what they may write there, and nowhere else", () => {
  fc.assert(
    fc.property(twoRegions, someProviders, (regions, ids) => {
      const [here = "", there = ""] = regions;
      const acls = ids.flatMap((id) => [...providerAcls(here, id), ...brokerAcls(here, id)]);
      const auditors = ids.flatMap((id) => access.partyAcls(here, { role: "auditor", id }));
      const groups = [...acls, ...auditors, ...connectorAcls(here), ...connectorAcls(there)]
        .filter(({ operation, resourceType, pattern }) =>
          [operation, resourceType, pattern].every((part) => ["read", "group", "prefixed"].includes(part)),
        )
        .map(({ principal, resourceName }) => ({ principal, prefix: resourceName }));
      assert.deepEqual(
        admittedIn(here, groups),
        ["provider", "broker", "auditor"].flatMap((role) => ids.map((id) => ({ role, id }))),
      );
      assert.deepEqual(admittedIn(there, groups), []);
    }),
  );
});

test("providers, brokers and connectors get nothing in another region", () => {
  fc.assert(
    fc.property(twoRegions, providers, (regions, id) => {
      const [here = "", there = ""] = regions;
      const acls = [...connectorAcls(here), ...providerAcls(here, id), ...brokerAcls(here, id)];
      for (const acl of acls) assert.ok(acl.resourceName.startsWith(`${here}.`), acl.resourceName);
      const elsewhere = [
        ...regionTopics(there, PARTITIONS),
        ...providerTopics(there, id, PARTITIONS),
        ...brokerTopics(there, id, PARTITIONS),
      ];
      for (const topic of namesOf(elsewhere)) assert.ok(!acls.some((acl) => covers(acl, topic)), topic);
    }),
  );
});

test("nobody but the operator writes the tables, and nobody but brokers writes requests", () => {
  fc.assert(
    fc.property(twoRegions, someProviders, (regions, ids) => {
      const acls = everything(regions, ids);
      for (const region of regions) {
        assert.deepEqual(writersOf(acls, topicFor(region, "config.collaborations")), []);
        assert.deepEqual(writersOf(acls, topicFor(region, "config.populations")), []);
        assert.deepEqual(writersOf(acls, topicFor(region, "config.providers")), []);
        assert.deepEqual(writersOf(acls, topicFor(region, "broker.requests")), ids.map(brokerPrincipal));
        assert.deepEqual(writersOf(acls, topicFor(region, "dataset.slices")), [connectorPrincipal(region)]);
      }
    }),
  );
});

test("what earlier versions let a connector do is taken back, and nothing that this one lets it", () => {
  const told = ({ resourceType, pattern, operation, resourceName }: AclSpec): string =>
    resourceType === "topic" && pattern === "literal"
      ? `${operation} ${resourceName}`
      : `${resourceType} ${pattern}`;
  const ended = access.endedConnectorAcls("eu");
  const kept = new Set(connectorAcls("eu").map(told));
  // The prefix that it takes back is of the whole region, and the one that stays of the providers' topics.
  assert.deepEqual(
    ended.filter((acl) => acl.pattern === "literal" && kept.has(told(acl))),
    [],
  );
  const shared = namesOf(regionTopics("eu", PARTITIONS));
  const both = new Set([...kept, ...ended.map(told)]);
  for (const topic of shared) assert.ok(both.has(`read ${topic}`) && both.has(`write ${topic}`), topic);
  assert.ok(ended.map(told).includes("write eu.broker.requests"));
});

describe("the operator refuses, before it touches Kafka,", () => {
  /** A Kafka whose every use beyond connecting throws. */
  const untouched = {
    admin: () => ({ connect: () => Promise.resolve() }),
  } as unknown as Kafka;
  const log = openLog({ service: "test" }, "silent");
  const region = { name: "au", partitions: PARTITIONS };
  const odd = ["", "a", "au.ingest", "*", "North", "north ", "n".repeat(64)];

  test("a provider under a reserved name, or under one that no document admits", async () => {
    const operator = await Operator.connect({ kafka: untouched, codec: {} as Codec, pipelines, log });
    for (const provider of [...reservedNames, ...odd]) {
      await assert.rejects(operator.admitProvider(region, provider), invalid, provider);
    }
  });

  test("a broker, an auditor or a region under a reserved name, or one that no document admits", async () => {
    const operator = await Operator.connect({ kafka: untouched, codec: {} as Codec, pipelines, log });
    for (const name of [...reservedNames, ...odd]) {
      await assert.rejects(operator.admitBroker(region, name), invalid, name);
      await assert.rejects(operator.admitAuditor(region, name), invalid, name);
      await assert.rejects(operator.openRegion({ ...region, name }), invalid, name);
    }
  });
});
