/**
 * One tenant's questions are answered far faster than they are proven, and then another asks one: its evidence does not wait
 * for the flood's. The asker is told when its evidence comes, and past a limit to ask later; all that was answered has its
 * evidence in the end, though the connector was restarted meanwhile.
 */
import assert from "node:assert/strict";
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, before, test } from "node:test";
import { setTimeout as sleep } from "node:timers/promises";
import type { PartProcess } from "../../infra/embedded/process.ts";
import { partitionOf } from "../../runtime/kafka/partitioner.ts";
import { openLog } from "../../runtime/log.ts";
import type { AuditEvent, Result } from "../../schemas/avro/index.ts";
import type { ConnectorConfig } from "../../schemas/json/connector-config.ts";
import type { BrokerClient } from "../../services/clients/broker/client.ts";
import { requestDraft } from "../../examples/example.ts";
import { connectBroker, homeRegion, pushAll, setScene, signFresh, type Scene } from "../../cli/demo/scene.ts";
import { readTopic } from "./read-topic.ts";
import { smallFiles } from "./small-files.ts";
import { testParts } from "./parts.ts";
import { twoTenants } from "./two-tenants.ts";

const log = openLog({ service: "test" }, process.env.PAVILION_TEST_LOG ?? "silent");
const cleanup = new AsyncDisposableStack();
const floodSize = 40;
/** Proofs have the lowest priority: on a busy machine they take long. */
const evidenceMs = 600_000;
const toldMs = 60_000;
let scene: Scene;
let client: BrokerClient;
let connector: PartProcess;
let asked = 0;
/** Results with answers. */
const answered: Result[] = [];

/** A question like no other before it, with one group. */
async function ask(tenant: string): Promise<Result> {
  const draft = requestDraft();
  const request = await signFresh(scene, client, {
    ...draft,
    tenant,
    question: { ...draft.question, groupings: [{ by: "total" as const }] },
    epsilon: `${String(100 + asked++)}/10000`,
    deadlineSeconds: 240,
  });
  return client.ask(request);
}

/**
 * Asks for the flood now and then. Who waits is told once a first witness is proven, and answers are there before that where nothing
 * else keeps the machine busy.
 */
async function askUntil(isSo: (result: Result) => boolean): Promise<Result> {
  const deadline = performance.now() + toldMs;
  for (;;) {
    const result = await ask("flood");
    if (result.answer !== null) answered.push(result);
    if (isSo(result)) return result;
    assert.ok(performance.now() < deadline, "it was not told in time");
    await sleep(500);
  }
}

const bundles = async (): Promise<string[]> =>
  (await readTopic(scene.stack.kafka, `${homeRegion}.evidence.bundles`)).map(({ key }) => key);

before(async () => {
  const dir = mkdtempSync(join(tmpdir(), "pavilion-test-"));
  cleanup.defer(() => {
    rmSync(dir, { recursive: true, force: true });
  });
  scene = await setScene(dir, log, { ...twoTenants, parts: await testParts() });
  cleanup.defer(() => scene.stack.stop());
  connector = await scene.stack.startConnector(homeRegion);
  await pushAll(scene, smallFiles(dir, 300), () => undefined);
  client = await connectBroker(scene, homeRegion, log);
  cleanup.defer(() => client.close());
});

after(() => cleanup.disposeAsync());

test("the other tenant's evidence comes before most of the flood's", async () => {
  answered.push(...(await Promise.all(Array.from({ length: floodSize }, () => ask("flood")))));
  const quiet = await ask("quiet");
  answered.push(quiet);
  assert.deepEqual(new Set(answered.map(({ code, status }) => code ?? status)), new Set(["provisional"]));
  assert.ok(await client.evidence(quiet.evidenceFor ?? "", evidenceMs));
  const records = await readTopic(scene.stack.kafka, `${homeRegion}.zkp.proven`);
  const own = records.find(({ key }) => key === quiet.requestId);
  assert.ok(own);
  // In order of arrival it would be the last of its partition, of which most are still to be proven.
  const { partitions } = JSON.parse(
    readFileSync(scene.stack.connectorConfig(homeRegion), "utf8"),
  ) as ConnectorConfig;
  const beside = answered.filter(
    ({ requestId }) => partitionOf(Buffer.from(requestId), partitions) === own.partition,
  );
  const place = records.filter(({ partition }) => partition === own.partition).indexOf(own);
  assert.ok(place < beside.length / 2, `it was proven after ${String(place)} of ${String(beside.length)}`);
});

test("who asks while the flood waits is told for how long, in one partition at least", async () => {
  // The first flood's are proven by now: more, so that they outlast the next test's restart as well.
  answered.push(...(await Promise.all(Array.from({ length: 2 * floodSize }, () => ask("flood")))));
  await askUntil(({ evidenceSeconds }) => evidenceSeconds !== null && evidenceSeconds > 1);
});

test("past the limit a question is refused before it is charged, and says when there is room", async () => {
  await connector.stop();
  const file = scene.stack.connectorConfig(homeRegion);
  const config = JSON.parse(readFileSync(file, "utf8")) as ConnectorConfig;
  const pipelines = { "private-computation": { waiting: { evidence: 1 } } };
  writeFileSync(file, JSON.stringify({ ...config, pipelines } satisfies ConnectorConfig));
  await scene.stack.startConnector(homeRegion);
  const refused = await askUntil(({ answer }) => answer === null);
  assert.equal(refused.code, "EVIDENCE_BEHIND");
  assert.match(refused.message ?? "", /There is room again in about (a second|\d+ seconds)\./);
});

test("all that was answered has its evidence, once, nothing was given up, and nothing else was charged", async () => {
  for (const { evidenceFor } of answered) assert.ok(await client.evidence(evidenceFor ?? "", evidenceMs));
  assert.deepEqual((await bundles()).sort(), answered.map(({ requestId }) => requestId).sort());
  const { kafka, codec } = scene.stack;
  assert.deepEqual(await readTopic(kafka, `${homeRegion}.zkp.dead-letter`), []);
  let spends = 0;
  for (const { value } of await readTopic(kafka, `${homeRegion}.audit.events`)) {
    assert.ok(value);
    const event: AuditEvent = await codec.decode("audit.events", "AuditEvent", value);
    if (event.action === "budget.spent") spends += 1;
  }
  assert.equal(spends, answered.length);
});
