/** The AsyncAPI document, held to AsyncAPI's own parser, to avsc, and to what pipelines declare. */
import assert from "node:assert/strict";
import { test } from "node:test";
import { Parser } from "@asyncapi/parser";
import avsc from "avsc";
import { pipelines } from "../pipelines/pipelines.ts";
import type { Pipeline } from "../runtime/contract/pipeline.ts";
import { asyncApi } from "./asyncapi.ts";

interface Document {
  readonly channels: Record<string, { address: string; parameters?: object; bindings: object }>;
  readonly operations: Record<string, { channel: { $ref: string } }>;
  readonly components: { readonly schemas: Record<string, { schema: avsc.Schema }> };
}

const described = (of: readonly Pipeline[]): Document => asyncApi(of, "1.2.3") as unknown as Document;

const parser = new Parser();
/** As the parser numbers what it finds: errors are 0, advice 2 and more. */
const warning = 1;

/** What is wrong with a document: errors and warnings, not advice. */
async function faultsOf(document: unknown): Promise<string[]> {
  const diagnostics = await parser.validate(JSON.stringify(document));
  return diagnostics
    .filter(({ severity }: { severity: number }) => severity <= warning)
    .map(({ message }) => message);
}

test("the document is valid", async () => {
  assert.deepEqual(await faultsOf(described(pipelines)), []);
});

const requests = "broker.requests";
const breaks: readonly [string, (document: Document) => void][] = [
  [
    "an operation on a channel that is not there",
    ({ operations }) =>
      Object.assign(operations["broker.send.broker.requests"] ?? {}, {
        channel: { $ref: "#/channels/none" },
      }),
  ],
  [
    "an address whose parameter is not told",
    ({ channels }) => Object.assign(channels[requests] ?? {}, { parameters: {} }),
  ],
  ["a member that AsyncAPI does not know", (document) => Object.assign(document, { topics: {} })],
  [
    "a clean-up policy that Kafka does not have",
    ({ channels }) => {
      const kafka = { topicConfiguration: { "cleanup.policy": ["burn"] }, bindingVersion: "0.5.0" };
      Object.assign(channels[requests] ?? {}, { bindings: { kafka } });
    },
  ],
];

for (const [what, breaking] of breaks) {
  test(`${what} is found`, async () => {
    const document = structuredClone(described(pipelines));
    breaking(document);
    assert.notDeepEqual(await faultsOf(document), []);
  });
}

test("every payload is a whole Avro schema of its name", () => {
  const { schemas } = described(pipelines).components;
  assert.ok(Object.keys(schemas).length > 10);
  for (const [event, { schema }] of Object.entries(schemas))
    assert.equal((avsc.Type.forSchema(schema).schema() as { name: string }).name, `pavilion.${event}`);
});

/** A pipeline that brings one topic of brokers' own, one that the operator writes, and one of its stages alone. */
const added: Pipeline = {
  name: "added",
  folder: import.meta.dirname,
  stages: [],
  topics: {
    "added.orders.<broker>": { events: ["Notice"], key: "order", partitions: "one", writers: ["broker"] },
    "added.prices": {
      events: ["Notice"],
      key: "good",
      partitions: "spread",
      writers: ["operator"],
      readers: ["auditor"],
    },
    "added.within": { events: ["Notice"], key: "order", partitions: "spread" },
  },
  tables: [],
  asking: { requestOf: () => undefined },
  open: () => Promise.reject(new Error("It is not run.")),
};

test("a pipeline's topics are described for those who write and read them, and for nobody else", async () => {
  const document = described([...pipelines, added]);
  assert.deepEqual(await faultsOf(document), []);
  const { operations, channels } = document;
  const before = Object.keys(described(pipelines).operations);
  assert.deepEqual(
    Object.keys(operations)
      .filter((name) => !before.includes(name))
      .sort(),
    ["auditor.receive.added.prices", "broker.send.added.orders", "operator.send.added.prices"],
  );
  assert.equal(channels["added.orders"]?.address, "{region}.added.orders.{broker}");
  assert.deepEqual(Object.keys(channels["added.orders"].parameters ?? {}), ["region", "broker"]);
  assert.deepEqual(channels["added.orders"].bindings, {
    kafka: {
      partitions: 1,
      topicConfiguration: { "message.timestamp.type": "LogAppendTime", "max.message.bytes": 900_000 },
      bindingVersion: "0.5.0",
    },
  });
});

test("a topic that stages alone use is left out", () => {
  const addresses = Object.values(described([...pipelines, added]).channels).map(({ address }) => address);
  for (const within of ["added.within", "psi.partials", "clock.ticks"])
    assert.ok(!addresses.includes(`{region}.${within}`));
});
