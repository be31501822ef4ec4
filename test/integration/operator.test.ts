/**
 * What the operator publishes in a region's table of collaborations, on real Kafka.
 */
import assert from "node:assert/strict";
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, before, test } from "node:test";
import type { Ed25519Key } from "../../crypto/jws/ed25519.ts";
import { openLog } from "../../runtime/log.ts";
import { collaborationTemplate } from "../../services/cli/demo/example.ts";
import { agree, makeBroker, makeProvider } from "../../services/stack/parties.ts";
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
    parts: await testParts(),
    log,
  });
  ending.defer(() => stack.stop());
  for (const { id } of template.providers) keys.set(id, await makeProvider(stack, id));
  for (const { id } of template.brokers) keys.set(id, await makeBroker(stack, id));
});

after(() => ending.disposeAsync());

const standing = async (): Promise<string[]> =>
  (await readTopic(stack.kafka, `${region.name}.config.collaborations`)).map(({ key }) => key);

const publish = async (change: Partial<typeof template>): Promise<void> =>
  stack.operator.publishCollaboration(region, await agree({ ...template, ...change }, keys));

test("a version that stands is not entered twice, and never changes", async () => {
  await publish({});
  await publish({});
  await assert.rejects(publish({ minimumGroup: 19 }), { code: "DOCUMENT_INVALID" });
  assert.deepEqual(await standing(), ["insured-patients@1"]);
});

test("a new version is entered where it may come after those that stand", async () => {
  await publish({ version: 2, minimumGroup: 19 });
  await assert.rejects(publish({ version: 3, population: "others" }), { code: "DOCUMENT_INVALID" });
  await publish({});
  assert.deepEqual(await standing(), ["insured-patients@1", "insured-patients@2"]);
});

test("an entry that nobody can read stops no publication", async () => {
  const producer = stack.kafka.producer();
  await producer.connect();
  const topic = `${region.name}.config.collaborations`;
  await producer.send({ topic, messages: [{ key: "garbage", value: "garbage" }] });
  await producer.disconnect();
  await publish({ version: 4, minimumGroup: 18 });
  assert.equal((await standing()).at(-1), "insured-patients@4");
});
