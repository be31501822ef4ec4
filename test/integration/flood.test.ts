/**
 * One tenant asks far more at once than the region answers, and another asks a little meanwhile: the other one's
 * answers do not wait for the flood, the flood is bounded by a coded refusal, and every request has one result.
 */
import assert from "node:assert/strict";
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, before, test } from "node:test";
import { openLog } from "../../runtime/log.ts";
import type { ConnectorConfig } from "../../schemas/json/connector-config.ts";
import type { AuditEvent, Result } from "../../schemas/avro/index.ts";
import type { BrokerClient } from "../../services/clients/broker/client.ts";
import { requestDraft } from "../../examples/example.ts";
import { connectBroker, homeRegion, pushAll, setScene, signFresh, type Scene } from "../../cli/demo/scene.ts";
import { readTopic } from "./read-topic.ts";
import { smallFiles } from "./small-files.ts";
import { testParts } from "./parts.ts";
import { twoTenants } from "./two-tenants.ts";

const log = openLog({ service: "test" }, process.env.PAVILION_TEST_LOG ?? "silent");
const cleanup = new AsyncDisposableStack();
const floodSize = 500;
const quietSize = 5;
/** Far fewer of the flood than wait in turn when the other tenant asks; a queue in order of arrival leaves none. */
const leftBehindMin = 20;

let scene: Scene;
let client: BrokerClient;
/** In the order in which they came. */
const results: Result[] = [];

const ask = async (tenant: string): Promise<void> => {
  const request = await signFresh(scene, client, { ...requestDraft(), tenant, deadlineSeconds: 600 });
  results.push(await client.ask(request));
};

before(async () => {
  const dir = mkdtempSync(join(tmpdir(), "pavilion-test-"));
  cleanup.defer(() => {
    rmSync(dir, { recursive: true, force: true });
  });
  scene = await setScene(dir, log, { ...twoTenants, parts: await testParts() });
  cleanup.defer(() => scene.stack.stop());
  const file = scene.stack.connectorConfig(homeRegion);
  const config = JSON.parse(readFileSync(file, "utf8")) as ConnectorConfig;
  const waiting = { tenant: 64, broker: 256 };
  const pipelines = { "private-computation": { waiting } };
  writeFileSync(file, JSON.stringify({ ...config, pipelines } satisfies ConnectorConfig));
  await scene.stack.startConnector(homeRegion);
  await pushAll(scene, smallFiles(dir, 300), () => undefined);
  client = await connectBroker(scene, homeRegion, log);
  cleanup.defer(() => client.close());
  const flood = Array.from({ length: floodSize }, () => ask("flood"));
  await published(floodSize);
  await Promise.all([...flood, ...Array.from({ length: quietSize }, () => ask("quiet"))]);
});

after(() => cleanup.disposeAsync());

/** Resolves once so many requests stand on their topic. */
async function published(count: number): Promise<void> {
  const admin = scene.stack.kafka.admin();
  await admin.connect();
  try {
    for (let found = 0; found < count;) {
      const offsets = await admin.fetchTopicOffsets(`${homeRegion}.broker.requests`);
      found = offsets.reduce((sum, { high }) => sum + Number(high), 0);
    }
  } finally {
    await admin.disconnect();
  }
}

const of = (tenant: string): Result[] => results.filter((result) => result.tenant === tenant);

test("the other tenant is answered while the flood still waits", () => {
  assert.deepEqual(
    of("quiet").map(({ status }) => status),
    Array.from({ length: quietSize }, () => "provisional"),
  );
  const last = results.findLastIndex(({ tenant }) => tenant === "quiet");
  const left = results.slice(last).filter(({ status }) => status === "provisional").length - 1;
  assert.ok(left >= leftBehindMin, `${String(left)} of the flood were answered later`);
});

test("every request of the flood is answered, or refused because too many waited", () => {
  const ends = new Map<string, number>();
  for (const { status, code } of of("flood")) {
    const end = code ?? status;
    ends.set(end, (ends.get(end) ?? 0) + 1);
  }
  assert.deepEqual([...ends.keys()].sort(), ["RATE_LIMITED", "provisional"]);
  assert.equal(of("flood").length, floodSize);
  assert.equal(new Set(results.map(({ requestDigest }) => requestDigest)).size, floodSize + quietSize);
});

test("each tenant's question was charged once, and each request has one result on its topic", async () => {
  const { kafka, codec } = scene.stack;
  const digests: string[] = [];
  for (const { value } of await readTopic(kafka, `${homeRegion}.broker.results.core-broker`)) {
    assert.ok(value);
    digests.push((await codec.decode("broker.results.<broker>", "Result", value)).requestDigest);
  }
  assert.deepEqual(digests.sort(), results.map(({ requestDigest }) => requestDigest).sort());
  const spends: AuditEvent[] = [];
  for (const { value } of await readTopic(kafka, `${homeRegion}.audit.events`)) {
    assert.ok(value);
    const event: AuditEvent = await codec.decode("audit.events", "AuditEvent", value);
    if (event.action === "budget.spent") spends.push(event);
  }
  assert.deepEqual(spends.map(({ tenant }) => tenant).sort(), ["flood", "quiet"]);
});
