/**
 * A stage's state across restarts on real Kafka: from its folder, from a folder that was lost, that is older than the
 * changelog, or that is another's. Whatever it starts from, it ends with the same state.
 */
import assert from "node:assert/strict";
import { createHash, randomUUID } from "node:crypto";
import { cpSync, mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, before, test } from "node:test";
import { connectKafka } from "../../runtime/kafka/client.ts";
import { headersOf } from "../../runtime/kafka/cloudevents.ts";
import { StageWorker } from "../../runtime/kafka/stage-worker.ts";
import { openLog } from "../../runtime/log.ts";
import { sealerWith } from "../../runtime/sealer.ts";
import { publish, type Stage } from "../../runtime/contract/stage.ts";
import type { Change } from "../../runtime/contract/state.ts";
import type { Checkpoint, CommittedState } from "../../runtime/state/committed.ts";
import { statesIn } from "../../runtime/state/disk-state.ts";
import { openCodec } from "../../runtime/registry/codec.ts";
import { openAuditTrail, type AuditTrail } from "../../cli/demo/audit-trail.ts";
import { connectorPrincipal } from "../../services/operator/access.ts";
import { Stack } from "../../services/stack/stack.ts";
import { testParts } from "./parts.ts";
import { topics } from "../../pipelines/pipelines.ts";
import { asking } from "../../pipelines/private-computation/asking.ts";

const region = "eu-central";
const log = openLog({ service: "test" }, process.env.PAVILION_TEST_LOG ?? "silent");
const keys = sealerWith({ generation: 1, bytes: Buffer.alloc(32, 7) }, Buffer.alloc(32, 8));
const entriesEach = 400;

/** `fill` adds entries and deletes some of the last ones; `tell` says what the state is. */
const filling: Stage<"DatasetHead", null> = {
  name: "routing",
  inputs: [{ topic: "dataset.heads", types: ["DatasetHead"] }],
  outputs: [],
  handle({ value: { head, dataset } }, state) {
    if (head !== "tell") {
      const round = Number(head);
      const changes = Array.from({ length: entriesEach }, (_, index): Change => {
        const isGone = index % 3 === 0 && round > 0;
        return isGone
          ? { table: "records/all", key: `${String(round - 1)}/${String(index)}`, value: undefined }
          : { table: "records/all", key: `${String(round)}/${String(index)}`, value: { round, index } };
      });
      return publish({ changes });
    }
    const entries = [...state.records("records/all")].sort(([one], [other]) => (one < other ? -1 : 1));
    const digest = createHash("sha256").update(JSON.stringify(entries)).digest("hex");
    const details = { asked: dataset, digest, count: String(entries.length) };
    return publish({ audit: [{ tenant: "t", action: "told", details }] });
  },
};

const cleanup = new AsyncDisposableStack();
let dir: string;
let stack: Stack;
let trail: AuditTrail;
let running: StageWorker<"DatasetHead", null> | undefined;

before(async () => {
  dir = mkdtempSync(join(tmpdir(), "pavilion-test-"));
  cleanup.defer(() => {
    rmSync(dir, { recursive: true, force: true });
  });
  const regions = [{ name: region, partitions: 1, jurisdiction: "EU" }];
  stack = await Stack.start({ dir, regions, providers: [], brokers: [], parts: await testParts(), log });
  cleanup.defer(() => stack.stop());
  trail = await openAuditTrail(stack.kafka, stack.codec, region);
  cleanup.defer(() => trail.close());
  cleanup.defer(() => running?.stop());
});

after(() => cleanup.disposeAsync());

/** Opens the states below a folder, and tells what place in the changelog each begins from. */
function openingIn(folder: string, begun: (Checkpoint | undefined)[]): (place: string) => CommittedState {
  const open = statesIn(folder, { cluster: "cluster", keys }, 10_000);
  return (place) => {
    const state = open(place, []);
    begun.push(state.checkpoint);
    return state;
  };
}

/** A new owner with a folder; the last one has stopped. Answers where its restores begin. */
async function restart(folder: string): Promise<(Checkpoint | undefined)[]> {
  await running?.stop();
  const begun: (Checkpoint | undefined)[] = [];
  running = new StageWorker({
    ...{ stage: filling, region, partitions: 1, keys, log, ports: () => null, asking },
    kafka: connectKafka(stack.access(connectorPrincipal(region)), `test-${randomUUID()}`, log),
    codec: await openCodec(stack.registryUrl, topics, keys),
    openState: openingIn(folder, begun),
    fail: (error) => {
      throw error;
    },
  });
  await running.start(new Map());
  return begun;
}

async function send(head: string, dataset = "d"): Promise<void> {
  const producer = stack.kafka.producer();
  await producer.connect();
  const value = {
    ...{ collaboration: "c", epoch: 1, provider: "p", dataset, sequence: 1 },
    ...{ head, complete: true, signature: "" },
  };
  const headers = headersOf({
    ...{ id: randomUUID(), type: "DatasetHead" as const, source: "/test", time: Date.now() },
    ...{ subject: "d", traceparent: "" },
  });
  const message = {
    key: "d",
    value: await stack.codec.encode("dataset.heads", "DatasetHead", value),
    headers,
  };
  await producer.send({ topic: `${region}.dataset.heads`, messages: [message] });
  await producer.disconnect();
}

/** What the state is, as the stage itself sees it. */
async function told(): Promise<{ digest: string; count: string }> {
  const asked = randomUUID();
  await send("tell", asked);
  const isIt = ({ details }: { details: Record<string, string> }): boolean => details.asked === asked;
  await trail.until(isIt, 60_000);
  const { digest = "", count = "" } = trail.records.find(isIt)?.details ?? {};
  return { digest, count };
}

/** Whether one restore was enough, and began after most of what there is. */
const isLate = (begun: readonly (Checkpoint | undefined)[]): boolean =>
  begun.length === 1 && (begun[0]?.offset ?? 0n) > 2_000n;

const folder = (name: string): string => join(dir, name);
let first: { digest: string; count: string };
let second: { digest: string; count: string };

test("a new owner begins where its folder ends, and has the same state", async () => {
  const fresh = await restart(folder("own"));
  for (let round = 0; round < 10; round++) await send(String(round));
  first = await told();
  assert.deepEqual(fresh, [undefined]);
  assert.ok(Number(first.count) > 2_000);
  const begun = await restart(folder("own"));
  assert.deepEqual(await told(), first);
  assert.ok(isLate(begun));
});

test("a folder that is older than the changelog catches up", async () => {
  await running?.stop();
  cpSync(folder("own"), folder("old"), { recursive: true });
  await restart(folder("own"));
  for (let round = 10; round < 15; round++) await send(String(round));
  second = await told();
  assert.notDeepEqual(second, first);
  const begun = await restart(folder("old"));
  assert.deepEqual(await told(), second);
  assert.ok(isLate(begun));
});

test("a folder as it stands while its owner is at work serves the next one, as after a kill", async () => {
  await send("15");
  const before = await told();
  cpSync(folder("old"), folder("killed"), { recursive: true });
  await send("16");
  second = await told();
  assert.notDeepEqual(second, before);
  const begun = await restart(folder("killed"));
  assert.deepEqual(await told(), second);
  assert.ok(isLate(begun));
});

test("without its folder it is restored from the changelog alone", async () => {
  const begun = await restart(folder("fresh"));
  assert.deepEqual(await told(), second);
  assert.deepEqual(begun, [undefined]);
});

test("a folder of another changelog is thrown away", async () => {
  const place = `${region}.routing.changelog/0`;
  const foreign = statesIn(folder("foreign"), { cluster: "cluster", keys })(place, []);
  const change = { table: "records/all", key: "stranger", value: 1 };
  await foreign.apply([change], { offset: 3n, digest: "of another record" });
  await foreign.close();
  const begun = await restart(folder("foreign"));
  assert.deepEqual(await told(), second);
  assert.deepEqual(
    begun.map((checkpoint) => checkpoint?.offset),
    [3n, undefined],
  );
});
