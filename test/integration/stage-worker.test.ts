/**
 * The runtime on real Kafka: a stage that counts what it handles. Its counts stand in the audit events it emits, so a
 * lost, doubled or torn input shows as a gap or a repetition.
 */
import assert from "node:assert/strict";
import { randomUUID } from "node:crypto";
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, before, test } from "node:test";
import { changelogTopic } from "../../schemas/topics.ts";
import { connectKafka } from "../../runtime/kafka/client.ts";
import { headersOf } from "../../runtime/kafka/cloudevents.ts";
import { StageWorker } from "../../runtime/kafka/stage-worker.ts";
import { openLog } from "../../runtime/log.ts";
import { publish, reject, type Stage } from "../../runtime/contract/stage.ts";
import { openAuditTrail, type AuditRecord, type AuditTrail } from "../../cli/demo/audit-trail.ts";
import { connectorPrincipal } from "../../services/operator/access.ts";
import { Stack } from "../../services/stack/stack.ts";
import { openCodec } from "../../runtime/registry/codec.ts";
import { sealerWith } from "../../runtime/sealer.ts";
import { testParts } from "./parts.ts";
import { topics } from "../../pipelines/pipelines.ts";
import { asking } from "../../pipelines/private-computation/asking.ts";

const region = "eu-central";
const partitions = 2;
const log = openLog({ service: "test" }, process.env.PAVILION_TEST_LOG ?? "silent");

const counting: Stage<"DatasetHead", { partition: number }> = {
  name: "routing",
  inputs: [{ topic: "dataset.heads", types: ["DatasetHead"] }],
  outputs: [],
  handle(event, state, { partition }) {
    if (event.value.head === "poison") throw new Error("cannot handle this");
    if (event.value.head === "rejected") return reject("BATCH_UNREADABLE", "The head is refused.");
    // Larger than Kafka takes: a batch of `large` ones together, `huge` by itself.
    const ballast = { large: 20_000, huge: 5_000_000 }[event.value.head] ?? 0;
    const count = ((state.get("counts", "all") as number | undefined) ?? 0) + 1;
    const details = {
      head: event.value.head,
      count: String(count),
      partition: String(partition),
      ballast: "x".repeat(ballast),
    };
    return publish({
      changes: [{ table: "counts", key: "all", value: count }],
      audit: [{ tenant: `tenant-${String(partition)}`, action: "counted", details }],
    });
  },
};

const cleanup = new AsyncDisposableStack();
let stack: Stack;
let trail: AuditTrail;

before(async () => {
  const dir = mkdtempSync(join(tmpdir(), "pavilion-test-"));
  cleanup.defer(() => {
    rmSync(dir, { recursive: true, force: true });
  });
  const regions = [{ name: region, partitions, jurisdiction: "EU" }];
  stack = await Stack.start({ dir, regions, providers: [], brokers: [], parts: await testParts(), log });
  cleanup.defer(() => stack.stop());
  trail = await openAuditTrail(stack.kafka, stack.codec, region);
  cleanup.defer(() => trail.close());
});

after(async () => {
  for (const worker of running) await worker.stop().catch(() => undefined);
  await cleanup.disposeAsync();
});

/** Stopped at the end whatever became of their tests: a worker that is left keeps the process alive. */
const running = new Set<{ stop(): Promise<void> }>();

async function startWorker(stage = counting): Promise<StageWorker<"DatasetHead", { partition: number }>> {
  const keys = sealerWith({ generation: 1, bytes: Buffer.alloc(32, 7) }, Buffer.alloc(32, 8));
  const worker = new StageWorker({
    stage,
    region,
    partitions,
    kafka: connectKafka(stack.access(connectorPrincipal(region)), `test-${randomUUID()}`, log),
    codec: await openCodec(stack.registryUrl, topics, keys),
    keys,
    ports: (partition) => ({ partition }),
    log,
    asking,
    fail: (error) => {
      throw error;
    },
  });
  running.add(worker);
  await worker.start(new Map());
  return worker;
}

async function send(heads: readonly { head: string; id?: string; partition?: number }[]): Promise<void> {
  const producer = stack.kafka.producer();
  await producer.connect();
  const messages = await Promise.all(
    heads.map(async ({ head, id = randomUUID(), partition = 0 }) => ({
      key: "dataset",
      partition,
      value: await stack.codec.encode("dataset.heads", "DatasetHead", {
        collaboration: "c",
        epoch: 1,
        provider: "p",
        dataset: "d",
        sequence: 1,
        head,
        complete: true,
        signature: "",
      }),
      headers: headersOf({
        id,
        type: "DatasetHead",
        source: "/eu-central/ingest",
        time: Date.now(),
        subject: "d",
        traceparent: "",
      }),
    })),
  );
  await producer.send({ topic: `${region}.dataset.heads`, messages });
  await producer.disconnect();
}

const counted = (partition: number): { head: string; count: number }[] =>
  trail.records
    .filter((record) => record.action === "counted" && record.details.partition === String(partition))
    .map(({ details }) => ({ head: details.head ?? "", count: Number(details.count) }));

const upTo = (count: number): number[] => Array.from({ length: count }, (_, index) => index + 1);

test("counts every input once, in order, across a clean restart", async () => {
  let worker = await startWorker();
  await send(upTo(50).flatMap((n) => [0, 1].map((partition) => ({ head: `a${String(n)}`, partition }))));
  await trail.until(() => counted(0).length === 50 && counted(1).length === 50, 20_000);
  await worker.stop();
  worker = await startWorker();
  await send(upTo(50).map((n) => ({ head: `b${String(n)}` })));
  await trail.until(() => counted(0).length >= 100, 20_000);
  assert.deepEqual(
    counted(0).map(({ count }) => count),
    upTo(100),
  );
  await worker.stop();
});

test("a stage that says so commits each input before it handles the next, however many wait", async () => {
  const grown = async (stage: typeof counting, name: string): Promise<number> => {
    const worker = await startWorker(stage);
    const before = await changelogEnd();
    await send(upTo(20).map((n) => ({ head: `${name}${String(n)}` })));
    await trail.until(() => counted(0).some(({ head }) => head === `${name}20`), 20_000);
    await worker.stop();
    return (await changelogEnd()) - before;
  };
  // A transaction writes at least its count, its position and its marker; a shared one the last of each alone.
  assert.ok((await grown({ ...counting, commitsEach: true }, "each")) >= 60);
  assert.ok((await grown(counting, "shared")) < 60);
});

/** Where partition 0 of the stage's changelog ends. */
async function changelogEnd(): Promise<number> {
  const admin = stack.kafka.admin();
  await admin.connect();
  const offsets = await admin.fetchTopicOffsets(changelogTopic(region, counting.name));
  await admin.disconnect();
  return Number(offsets.find(({ partition }) => partition === 0)?.high);
}

test("drops an event that an aborted transaction left visible beside its committed twin", async () => {
  const worker = await startWorker();
  const before = counted(1).length;
  const twin = (offset: number, head: string) => ({
    head,
    partition: 1,
    id: `eu-central.ingest.p/0/${String(offset)}/0`,
  });
  await send([twin(7, "x"), twin(8, "y"), twin(7, "x"), twin(8, "y"), twin(9, "z")]);
  await trail.until(() => counted(1).some(({ head }) => head === "z"), 20_000);
  assert.deepEqual(
    counted(1)
      .slice(before)
      .map(({ head }) => head),
    ["x", "y", "z"],
  );
  await worker.stop();
});

test("a poison input goes to the dead letters and stops nobody behind it", async () => {
  const worker = await startWorker();
  await send([{ head: "rejected" }, { head: "poison" }, { head: "after" }]);
  await trail.until(() => counted(0).some(({ head }) => head === "after"), 30_000);
  const rejected = (code: string) => (record: AuditRecord) => record.code === code;
  await trail.until(rejected("BATCH_UNREADABLE"), 20_000);
  await trail.until(rejected("INTERNAL_ERROR"), 20_000);
  const rejections = trail.records.filter((record) => record.action === "input.rejected");
  assert.deepEqual(
    rejections.map((record) => record.code),
    ["BATCH_UNREADABLE", "INTERNAL_ERROR"],
  );
  await worker.stop();
});

test("a backlog whose outputs are more than one record batch takes is worked off", async () => {
  const before = counted(0).length;
  await send(upTo(120).map(() => ({ head: "large" })));
  const worker = await startWorker();
  await trail.until(() => counted(0).length >= before + 120, 30_000);
  await worker.stop();
});

test("an input whose output Kafka never takes is given up, and those around it are handled", async () => {
  const worker = await startWorker();
  await send(["near", "huge", "beyond"].map((head) => ({ head })));
  await trail.until(() => counted(0).some(({ head }) => head === "beyond"), 30_000);
  const heads = counted(0).map(({ head }) => head);
  assert.deepEqual(heads.slice(-2), ["near", "beyond"]);
  assert.equal(
    trail.records.filter((record) => record.action === "input.rejected").at(-1)?.code,
    "INTERNAL_ERROR",
  );
  await worker.stop();
});

test("two workers share the partitions, and the one that is left takes over where the other stopped", async () => {
  const before = [counted(0).length, counted(1).length];
  const first = await startWorker();
  const second = await startWorker();
  const heads = (name: string) =>
    upTo(40).flatMap((n) => [0, 1].map((partition) => ({ head: `${name}${String(n)}`, partition })));
  await send(heads("c"));
  await trail.until(() => [0, 1].every((p) => counted(p).length >= (before[p] ?? 0) + 40), 30_000);
  await first.stop();
  await send(heads("d"));
  await trail.until(() => [0, 1].every((p) => counted(p).length >= (before[p] ?? 0) + 80), 30_000);
  for (const partition of [0, 1]) {
    const counts = counted(partition).map(({ count }) => count);
    assert.deepEqual(counts, upTo(counts.length));
  }
  await second.stop();
});

test("a partition that goes and comes back under a backlog is worked off, each input once", async () => {
  const before = [counted(0).length, counted(1).length];
  const backlog = 2_500;
  await send(upTo(backlog).flatMap((n) => [0, 1].map((partition) => ({ head: `e${String(n)}`, partition }))));
  const first = await startWorker();
  const second = await startWorker();
  await second.stop();
  await trail.until(() => [0, 1].every((p) => counted(p).length >= (before[p] ?? 0) + backlog), 60_000);
  for (const partition of [0, 1]) {
    const counts = counted(partition).map(({ count }) => count);
    assert.deepEqual(counts, upTo(counts.length));
  }
  await first.stop();
});
