/**
 * The connector killed with SIGKILL and started again: each request has exactly one result, and the budget is spent
 * once for each answer.
 */
import assert from "node:assert/strict";
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { after, before, test } from "node:test";
import type { PartProcess } from "../../infra/embedded/process.ts";
import { openLog } from "../../runtime/log.ts";
import { stages } from "../../pipelines/pipelines.ts";
import type { EvidenceBundleDocument } from "../../schemas/json/evidence-bundle.ts";
import type { BrokerClient } from "../../services/clients/broker/client.ts";
import { openAuditTrail, type AuditRecord, type AuditTrail } from "../../cli/demo/audit-trail.ts";
import { requestDraft } from "../../examples/example.ts";
import {
  connectBroker,
  homeRegion,
  pushAll,
  setScene,
  signFresh,
  type Scene,
  trustedIn,
} from "../../cli/demo/scene.ts";
import { trustOf } from "../../services/operator/trust.ts";
import { verify } from "../../verifier/verify.ts";
import { readTopic } from "../integration/read-topic.ts";
import { smallFiles } from "../integration/small-files.ts";

const log = openLog({ service: "test" }, process.env.PAVILION_TEST_LOG ?? "silent");
const stageNames = stages.map((stage) => stage.name);
/** Every one another question: the same one again would get its stored answer. */
const draft = () => ({
  ...requestDraft(),
  question: { ...requestDraft().question, groupings: [{ by: "total" as const }] },
  epsilon: `${String(100 + asked.length)}/10000`,
  deadlineSeconds: 120,
});

let dir: string;
let scene: Scene;
let client: BrokerClient;
let trail: AuditTrail;
let connector: PartProcess;
const asked: string[] = [];

before(async () => {
  dir = mkdtempSync(join(tmpdir(), "pavilion-test-"));
  scene = await setScene(dir, log);
  connector = await scene.stack.startConnector(homeRegion);
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

/** The promise of the result is wrapped, so that asking can be awaited apart from the answer. */
async function ask(): Promise<{ id: string; result: ReturnType<BrokerClient["ask"]> }> {
  const request = await signFresh(scene, client, draft());
  asked.push(request.requestId);
  return { id: request.requestId, result: client.ask(request) };
}

for (const last of ["routing", "compliance", "psi", "aggregate", "dp", "signing", "result"]) {
  test(`killed once ${last} has committed, the request is answered after the restart`, async () => {
    await connector.stop(0);
    // Only the stages up to the boundary run, so the kill surely falls behind it.
    const part = await scene.stack.startConnector(
      homeRegion,
      stageNames.slice(0, stageNames.indexOf(last) + 1),
    );
    const { id, result } = await ask();
    await trail.until((record) => record.requestId === id && record.stage === last, 60_000);
    await part.stop(0);
    connector = await scene.stack.startConnector(homeRegion);
    assert.equal((await result).status, "provisional");
  });
}

for (const last of ["zkp", "anchoring", "evidence"]) {
  test(`killed once ${last} has committed, the evidence is published after the restart, once`, async () => {
    await connector.stop(0);
    const part = await scene.stack.startConnector(
      homeRegion,
      stageNames.slice(0, stageNames.indexOf(last) + 1),
    );
    const { id, result } = await ask();
    await trail.until((record) => record.requestId === id && record.stage === last, 60_000);
    await part.stop(0);
    connector = await scene.stack.startConnector(homeRegion);
    await requireVerified((await result).evidenceFor ?? "");
  });
}

/** The bundle comes, and all of it holds. */
async function requireVerified(digest: string): Promise<void> {
  const bundle = await client.evidence(digest);
  const trust = trustOf(
    { ...scene.stack.chain, development: true },
    [...scene.stack.cards.values()],
    trustedIn(scene),
    (JSON.parse(bundle) as EvidenceBundleDocument).log.chain.blockHash,
  );
  const { checks } = await verify(bundle, JSON.stringify(trust));
  assert.deepEqual(
    checks.filter(({ status }) => status === "failed"),
    [],
  );
}

for (const stage of ["oprf-relay", "ingest"]) {
  test(`killed while ${stage} works on a push, the push is taken in once the connector is back`, async () => {
    const before = trail.records.length;
    const fresh = (): AuditRecord[] => trail.records.slice(before);
    const pushing = pushAll(scene, smallFiles(dir, 1_200), () => undefined);
    await trail.until((record) => record.stage === stage && fresh().includes(record), 60_000);
    await connector.stop(0);
    connector = await scene.stack.startConnector(homeRegion);
    await pushing;
    const accepted = fresh().filter((record) => record.action === "batch.accepted");
    const batches = accepted.map(({ tenant, details }) => `${tenant} ${details.sequence ?? ""}`);
    assert.deepEqual(batches, [...new Set(batches)]);
    assert.equal((await (await ask()).result).status, "provisional");
  });
}

test("killed under load at any moment, every request is answered", async () => {
  const results: ReturnType<BrokerClient["ask"]>[] = [];
  for (const delayMs of [40, 170, 420]) {
    for (let n = 0; n < 4; n++) results.push((await ask()).result);
    await sleep(delayMs);
    await connector.stop(0);
    connector = await scene.stack.startConnector(homeRegion);
  }
  for (const result of await Promise.all(results)) assert.equal(result.status, "provisional");
});

/** Asks while only these stages run, and starts the missing ones beside them 2 s after the deadline. */
async function askLate(
  up: readonly string[],
  missing: readonly string[],
): Promise<{ result: Awaited<ReturnType<BrokerClient["ask"]>>; actions: () => string[] }> {
  await connector.stop(0);
  const part = await scene.stack.startConnector(homeRegion, up);
  const request = await signFresh(scene, client, { ...draft(), deadlineSeconds: 8 });
  const deadline = Date.now() + 8_000;
  asked.push(request.requestId);
  const asking = client.ask(request);
  asking.catch(() => undefined);
  const [last] = up.filter((stage) => stage !== "result").slice(-1);
  await trail.until((record) => record.requestId === request.requestId && record.stage === last, 8_000);
  await sleep(Math.max(0, deadline + 2_000 - Date.now()));
  const rest = await scene.stack.startConnector(homeRegion, missing);
  try {
    const result = await asking;
    return { result, actions: () => actionsOn(request.requestId) };
  } finally {
    await Promise.all([part.stop(0), rest.stop(0)]);
    connector = await scene.stack.startConnector(homeRegion);
  }
}

const actionsOn = (id: string): string[] =>
  trail.records.filter((record) => record.requestId === id).map((record) => record.action);

test("a request whose deadline passes while the stages before the ledger are down is never charged", async () => {
  await connector.stop(0);
  const down = await scene.stack.startConnector(homeRegion, ["routing", "compliance", "dp", "result"]);
  const request = await signFresh(scene, client, { ...draft(), deadlineSeconds: 5 });
  asked.push(request.requestId);
  const result = await client.ask(request);
  assert.equal(result.status, "refused");
  assert.equal(result.code, "DEADLINE_PASSED");
  await down.stop(0);
  connector = await scene.stack.startConnector(homeRegion);
  // A question after it shows that the ledger has worked off what stood before.
  assert.equal((await (await ask()).result).status, "provisional");
  assert.ok(!actionsOn(request.requestId).includes("budget.spent"));
});

test("a request that the ledger could not reach by its deadline gets one refusal and is never charged", async () => {
  const { result, actions } = await askLate(
    ["routing", "compliance", "psi", "result"],
    ["aggregate", "dp", "signing"],
  );
  assert.equal(result.code, "DEADLINE_PASSED");
  assert.equal((await (await ask()).result).status, "provisional");
  assert.ok(!actions().includes("budget.spent"));
});

test("a sum that waited for the ledger beyond the deadline is charged and answered, or neither", async () => {
  const { result, actions } = await askLate(
    ["routing", "compliance", "psi", "aggregate", "result"],
    ["dp", "signing"],
  );
  assert.equal((await (await ask()).result).status, "provisional");
  assert.ok(result.status === "provisional" || result.code === "DEADLINE_PASSED");
  assert.equal(actions().includes("budget.spent"), result.status === "provisional");
});

test("what was charged is answered, though signing comes after the deadline", async () => {
  const { result, actions } = await askLate(
    ["routing", "compliance", "psi", "aggregate", "dp", "result"],
    ["signing"],
  );
  assert.equal(result.status, "provisional");
  assert.equal(actions().filter((action) => action === "budget.spent").length, 1);
  assert.ok(!actions().includes("request.refused"));
});

test("exactly one bundle an answer, and each leaf in the log once", async () => {
  const answers = trail.records.filter(
    (record) => record.action === "result.published" && record.code === null,
  );
  for (const { requestDigest } of answers) await client.evidence(requestDigest ?? "");
  const { kafka, codec } = scene.stack;
  const bundles = await readTopic(kafka, `${homeRegion}.evidence.bundles`);
  assert.deepEqual(
    bundles.map(({ key }) => key).sort(),
    answers.map(({ requestId }) => requestId ?? "").sort(),
  );
  const records = await readTopic(kafka, `${homeRegion}.proofs.anchored`);
  const leaves = await Promise.all(
    records.map(({ value }) => codec.decode("proofs.anchored", "AnchoredLeaf", value ?? Buffer.alloc(0))),
  );
  assert.deepEqual(
    leaves.map(({ index }) => index),
    leaves.map((_, index) => index),
  );
  const spends = leaves.filter(({ kind }) => kind === "spend").map(({ requestDigest }) => requestDigest);
  assert.deepEqual(spends.sort(), answers.map(({ requestDigest }) => requestDigest).sort());
});

test("exactly one result a request, and one spend an answer", async () => {
  // A request after all the others shows that the ledger and the result stage have worked everything off.
  await (
    await ask()
  ).result;
  const results = await readTopic(scene.stack.kafka, `${homeRegion}.broker.results.core-broker`);
  const counts = asked.map((id) => results.filter(({ key }) => key === id).length);
  assert.deepEqual(
    counts,
    asked.map(() => 1),
  );
  const spends = trail.records.filter((record) => record.action === "budget.spent");
  const answers = trail.records.filter(
    (record) => record.action === "result.published" && record.code === null,
  );
  assert.equal(new Set(spends.map((record) => record.requestId)).size, spends.length);
  assert.deepEqual(
    new Set(spends.map((record) => record.requestId)),
    new Set(answers.map((record) => record.requestId)),
  );
  const sequence = spends.map((record) => Number(record.details.sequence)).sort((one, other) => one - other);
  assert.deepEqual(
    sequence,
    sequence.map((_, index) => index + 1),
  );
});
