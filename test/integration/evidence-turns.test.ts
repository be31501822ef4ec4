/**
 * One tenant's questions are answered far faster than they are proven, and then another asks one: its evidence does not wait
 * for the flood's, whose all comes in the end, and the asker is told when.
 */
import assert from "node:assert/strict";
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, before, test } from "node:test";
import { openLog } from "../../runtime/log.ts";
import type { Result } from "../../schemas/avro/index.ts";
import type { BrokerClient } from "../../services/clients/broker/client.ts";
import { requestDraft } from "../../examples/example.ts";
import { connectBroker, homeRegion, pushAll, setScene, signFresh, type Scene } from "../../cli/demo/scene.ts";
import { readTopic } from "./read-topic.ts";
import { smallFiles } from "./small-files.ts";
import { testParts } from "./parts.ts";

const log = openLog({ service: "test" }, process.env.PAVILION_TEST_LOG ?? "silent");
const cleanup = new AsyncDisposableStack();
const floodSize = 40;
const evidenceMs = 240_000;
let scene: Scene;
let client: BrokerClient;
let asked = 0;

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

const bundles = async (): Promise<string[]> =>
  (await readTopic(scene.stack.kafka, `${homeRegion}.evidence.bundles`)).map(({ key }) => key);

before(async () => {
  const dir = mkdtempSync(join(tmpdir(), "pavilion-test-"));
  cleanup.defer(() => {
    rmSync(dir, { recursive: true, force: true });
  });
  scene = await setScene(dir, log, {
    parts: await testParts(),
    amend: (template) => ({
      ...template,
      brokers: template.brokers.map((broker) => ({ ...broker, tenants: ["flood", "quiet"] })),
    }),
  });
  cleanup.defer(() => scene.stack.stop());
  await scene.stack.startConnector(homeRegion);
  await pushAll(scene, smallFiles(dir, 300), () => undefined);
  client = await connectBroker(scene, homeRegion, log);
  cleanup.defer(() => client.close());
});

after(() => cleanup.disposeAsync());

test("the other tenant's evidence comes before most of the flood's, and all comes once", async () => {
  const flood = await Promise.all(Array.from({ length: floodSize }, () => ask("flood")));
  const quiet = await ask("quiet");
  const all = [...flood, quiet];
  assert.deepEqual(new Set(all.map(({ code, status }) => code ?? status)), new Set(["provisional"]));
  assert.ok(await client.evidence(quiet.evidenceFor ?? "", evidenceMs));
  const before = (await bundles()).length;
  assert.ok(before < floodSize / 2, `${String(before)} bundles came before the other tenant's`);

  // Those who wait are told for how long by now, in one partition at least.
  const late = await Promise.all(Array.from({ length: 4 }, () => ask("flood")));
  all.push(...late);
  assert.ok(late.some(({ evidenceSeconds }) => evidenceSeconds !== null && evidenceSeconds > 1));

  for (const { evidenceFor } of all) assert.ok(await client.evidence(evidenceFor ?? "", evidenceMs));
  assert.deepEqual((await bundles()).sort(), all.map(({ requestId }) => requestId).sort());
  assert.deepEqual(await readTopic(scene.stack.kafka, `${homeRegion}.zkp.dead-letter`), []);
});
