/**
 * What an answer does not wait for, away from the region's first day on: the stages that make evidence. Then HSM and chain
 * taken from a working connector and given back. Questions asked before, meanwhile and afterwards each have one result, one
 * spend and one bundle.
 */
import assert from "node:assert/strict";
import { mkdtempSync, readFileSync, renameSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, before, test } from "node:test";
import { setTimeout as sleep } from "node:timers/promises";
import type { PartProcess } from "../../infra/embedded/process.ts";
import type { Result } from "../../schemas/avro/index.ts";
import type { BrokerClient } from "../../services/clients/broker/client.ts";
import { openAuditTrail, type AuditRecord, type AuditTrail } from "../../cli/demo/audit-trail.ts";
import { requestDraft } from "../../examples/example.ts";
import { connectBroker, homeRegion, pushAll, setScene, signFresh, type Scene } from "../../cli/demo/scene.ts";
import { stages } from "../../pipelines/pipelines.ts";
import { readTopic } from "../integration/read-topic.ts";
import { smallFiles } from "../integration/small-files.ts";
import { limitMs, log } from "./fault-rig.ts";

const dir = mkdtempSync(join(tmpdir(), "pavilion-faults-"));
const tokens = join(dir, "regions", homeRegion, "hsm", "tokens");
const beside = ["zkp", "evidence"];
let scene: Scene;
let connector: PartProcess;
let client: BrokerClient;
let trail: AuditTrail;
const asked: string[] = [];

before(async () => {
  scene = await setScene(dir, log);
  connector = await scene.stack.startConnector(
    homeRegion,
    stages.map(({ name }) => name).filter((name) => !beside.includes(name)),
  );
  await pushAll(scene, smallFiles(dir, 300), () => undefined);
  client = await connectBroker(scene, homeRegion, log);
  trail = await openAuditTrail(scene.stack.kafka, scene.stack.codec, homeRegion);
});

after(async () => {
  await trail.close();
  await client.close();
  await scene.stack.stop();
  rmSync(dir, { recursive: true, force: true });
});

/** Every one another question: the same one again would get its stored answer. */
async function ask(): Promise<{ id: string; result: Promise<Result> }> {
  const draft = requestDraft();
  const request = await signFresh(scene, client, {
    ...draft,
    question: { ...draft.question, groupings: [{ by: "total" as const }] },
    epsilon: `${String(100 + asked.length)}/10000`,
    deadlineSeconds: 240,
  });
  asked.push(request.requestId);
  return { id: request.requestId, result: client.ask(request) };
}

const answer = async (): Promise<Result> => (await ask()).result;

async function until(condition: () => boolean): Promise<void> {
  const deadline = performance.now() + limitMs;
  while (!condition()) {
    assert.ok(performance.now() < deadline, "it did not come in time");
    await sleep(100);
  }
}

test("a region that has never seen zkp and evidence answers; what it answered has its evidence once they run", async () => {
  const { status, evidenceFor } = await answer();
  assert.equal(status, "provisional");
  await trail.until(({ action, requestId }) => action === "budget.spent" && requestId === asked[0], limitMs);
  assert.ok(!trail.records.some(({ stage }) => beside.includes(stage)));
  await connector.stop();
  connector = await scene.stack.startConnector(homeRegion);
  assert.ok(await client.evidence(evidenceFor ?? "", limitMs));
});

test("while the HSM is gone a question waits where it needs it; once it is back it is answered", async () => {
  assert.equal((await answer()).status, "provisional");
  renameSync(tokens, `${tokens}.gone`);
  const { id, result } = await ask();
  const waits = (line: string): boolean => line.includes(id) && line.includes("HSM_UNAVAILABLE");
  await until(() => readFileSync(connector.logFile, "utf8").split("\n").some(waits));
  const stages = trail.records.filter(({ requestId }) => requestId === id).map(({ stage }) => stage);
  assert.ok(!stages.includes("dp") && !stages.includes("result"));
  renameSync(`${tokens}.gone`, tokens);
  assert.equal((await result).status, "provisional");
  assert.equal((await answer()).status, "provisional");
});

test("while the chain is gone questions are answered; once it is back their evidence comes", async () => {
  const answers = [await answer()];
  await scene.stack.takeChainAway();
  answers.push(await answer());
  await scene.stack.bringChainBack();
  answers.push(await answer());
  for (const { status, evidenceFor } of answers) {
    assert.equal(status, "provisional");
    assert.ok(await client.evidence(evidenceFor ?? "", limitMs));
  }
});

test("each question has one result, one spend and one bundle, and the connector ran all the time", async () => {
  const results = await readTopic(scene.stack.kafka, `${homeRegion}.broker.results.core-broker`);
  assert.deepEqual(results.map(({ key }) => key).sort(), asked.toSorted());
  // One tenant's events lie in one partition, in order.
  const isLast = ({ action, requestId }: AuditRecord): boolean =>
    action === "budget.spent" && requestId === asked.at(-1);
  await trail.until(isLast, limitMs);
  const spends = trail.records.filter(({ action }) => action === "budget.spent");
  assert.deepEqual(spends.map(({ requestId }) => requestId).sort(), asked.toSorted());
  const bundles = async (): Promise<string[]> =>
    (await readTopic(scene.stack.kafka, `${homeRegion}.evidence.bundles`)).map(({ key }) => key).sort();
  const deadline = performance.now() + limitMs;
  while ((await bundles()).length < asked.length) assert.ok(performance.now() < deadline);
  assert.deepEqual(await bundles(), asked.toSorted());
  assert.ok(connector.running());
});
