/**
 * Faults on real parts, in a short form: Kafka's answers delayed, dropped and cut on either side of the acknowledgement,
 * workers stopped and killed, the broker killed, the registry gone, all under a load that does not stop; and a count to
 * the last record: none lost, none twice, none torn. The tests go on from one another, on one pipeline.
 */
import assert from "node:assert/strict";
import { randomUUID } from "node:crypto";
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { after, before, describe, test } from "node:test";
import avsc from "avsc";
import { connectKafka } from "../../runtime/kafka/client.ts";
import { headersOf } from "../../runtime/kafka/cloudevents.ts";
import { StageWorker } from "../../runtime/kafka/stage-worker.ts";
import { openPublisher } from "../../runtime/kafka/publisher.ts";
import { openCodec } from "../../runtime/registry/codec.ts";
import { fullName, schemaText } from "../../schemas/reading/avro-schemas.ts";
import { topicFor } from "../../schemas/topics.ts";
import { inputOf } from "./counting-load.ts";
import { countingKeys } from "./counting-keys.ts";
import { counting, countingStages, hops, partitions, region, type Item } from "./counting-stages.ts";
import { FaultRig, log } from "./fault-rig.ts";
import { endTxnErrorOf, requestHead, transactionalIdOf, type Api } from "./kafka-frames.ts";
import type { Action, Applied, Side } from "./kafka-proxy.ts";
import { randomFrom } from "./seeded.ts";
import { topicsOf } from "../../runtime/contract/pipeline.ts";

const workers = ["worker-1", "worker-2"] as const;
const requests = ["Produce", "AddPartitionsToTxn", "EndTxn", "OffsetCommit"] as const;
const sides = ["before", "after"] as const;

const dir = mkdtempSync(join(tmpdir(), "pavilion-faults-"));
let rig: FaultRig;
/** What is applied first and waited for last: kafkajs gives a request half a minute before it takes it for lost. */
let dropped: Applied[];

const fault = (api: Api, side: Side, action: Action, client = "worker-"): Applied =>
  rig.parts.proxy.apply({ api, side, action, client });

before(async () => {
  rig = await FaultRig.start({ dir, random: randomFrom(1), workers, itemsPerSecond: 60 });
  dropped = requests.flatMap((api) => sides.map((side) => fault(api, side, "drop")));
});

after(async () => {
  await rig.stop();
  rmSync(dir, { recursive: true, force: true });
});

describe("while answers do not come", { concurrency: true }, () => {
  test("a request that is never answered, of each kind and on either side, is taken for lost in time, and the pipeline goes on", async () => {
    await Promise.all(dropped.map(({ hit }) => hit));
    await rig.progress();
  });

  test("a publisher that could not publish does not lose what it publishes next", async () => {
    const { proxy, outside } = rig.parts;
    const publisher = await openPublisher(
      connectKafka(outside, "publisher", log),
      rig.codec,
      region,
      "/publisher",
    );
    const publish = ({ item }: { item: Item }): Promise<unknown> => {
      const { topic, type, value } = inputOf(item);
      return publisher.publish(topic, type, value, { key: item.key });
    };
    const [unsure, next] = [1, 2].map((value) => ({ item: { id: randomUUID(), key: "birch", value } }));
    assert.ok(unsure !== undefined && next !== undefined);
    const deaf = proxy.apply({
      api: "Produce",
      side: "after",
      action: "cut",
      client: "publisher",
      times: Infinity,
    });
    await assert.rejects(publish(unsure));
    rig.expect(unsure.item, false);
    deaf.lift();
    await publish(next);
    rig.expect(next.item);
    await publisher.close();
    await rig.until(() => rig.isOut(next.item));
  });
});

for (const side of sides) {
  test(`a log-in that is cut off ${side} the broker heard it is no refusal: it is tried again`, async () => {
    const { proxied } = rig.parts;
    const cut = fault("SaslAuthenticate", side, "cut", "joining");
    const admin = connectKafka(proxied, "joining", log).admin();
    await admin.connect();
    await admin.disconnect();
    assert.equal(cut.hits(), 1);
    const wrong = { ...proxied, password: randomUUID() };
    const refused = connectKafka(wrong, "stranger", log).admin();
    await assert.rejects(refused.connect(), { name: "KafkaJSSASLAuthenticationError" });
    await refused.disconnect();
  });
}

for (const api of requests) {
  for (const side of sides) {
    test(`${api} delayed, then cut ${side} the broker: the pipeline goes on`, async () => {
      await fault(api, side, { delayMs: 300 }).hit;
      await fault(api, side, "cut").hit;
      await rig.progress();
    });
  }
}

test("a worker that was stopped beyond its session commits nothing once it goes on: the broker fences it", async () => {
  const release = Promise.withResolvers<undefined>();
  const [zombie] = workers;
  const held = fault("EndTxn", "before", { until: release.promise }, zombie);
  const request = await held.hit;
  rig.crew.signal(zombie, "SIGSTOP");
  const takenOver = Promise.withResolvers<undefined>();
  const unwatch = rig.parts.proxy.watch("InitProducerId", (asked) => {
    const isOther = !requestHead(asked).client.startsWith(zombie);
    if (isOther && transactionalIdOf(asked) === transactionalIdOf(request)) takenOver.resolve(undefined);
  });
  await takenOver.promise;
  unwatch();
  await rig.progress();
  const verdict = Promise.withResolvers<number>();
  const unwatchEnd = rig.parts.proxy.watch("EndTxn", (asked, response) => {
    if (asked === request) verdict.resolve(endTxnErrorOf(response));
  });
  rig.crew.signal(zombie, "SIGCONT");
  release.resolve(undefined);
  // INVALID_PRODUCER_EPOCH, PRODUCER_FENCED.
  assert.ok([47, 90].includes(await verdict.promise));
  unwatchEnd();
  await rig.progress();
});

for (const side of sides) {
  test(`a worker killed with its commit ${side === "before" ? "under way" : "done and not heard of"}: others take over`, async () => {
    const release = Promise.withResolvers<undefined>();
    const [, victim] = workers;
    await fault("EndTxn", side, { until: release.promise }, victim).hit;
    rig.crew.signal(victim, "SIGKILL");
    release.resolve(undefined);
    await rig.progress();
  });
}

test("both workers killed at once: the pipeline goes on where it was", async () => {
  for (const worker of workers) rig.crew.signal(worker, "SIGKILL");
  await rig.progress();
});

test("the broker killed under load: with its return the pipeline goes on, without workers that have stopped meanwhile", async () => {
  const { proxied, registryUrl } = rig.parts;
  const codec = await openCodec(registryUrl, topicsOf([counting]), countingKeys);
  const leaving = Array.from({ length: 9 }, (_, index) => {
    const kafka = connectKafka(proxied, `leaving-${String(index)}`, log);
    const stage = countingStages[index % countingStages.length];
    assert.ok(stage);
    const context = { region, partitions, kafka, codec, keys: countingKeys, log, stage };
    return new StageWorker({
      ...{ ...context, asking: counting.asking },
      ...{ ports: () => undefined, fail: () => undefined },
    });
  });
  await Promise.all(leaving.map((worker) => worker.start(new Map())));
  await rig.parts.killKafka();
  // From the first failed fetch on, through retries and restarts of their consumers.
  const stopped = leaving.map(async (worker, index) => {
    await sleep(500 + index * 900);
    await worker.stop();
  });
  await sleep(9_000);
  await rig.parts.startKafka();
  await Promise.all(stopped);
  await rig.progress();
  await sleep(3_000);
  await rig.untilMembers((client) => !client.startsWith("leaving-"));
  await rig.progress();
});

test("the registry gone: what needs it waits, is handled once it is back, and nothing is given up", async () => {
  const item = { id: randomUUID(), key: "amber", value: 7 };
  const value = await laterVersionOf(item);
  await rig.parts.killRegistry();
  // Its place is taken by one that cannot start without the registry.
  rig.crew.signal("worker-2", "SIGKILL");
  await publishDirectly(item, value);
  await rig.until(() => rig.crew.logOf("worker-1").includes("record cannot be read yet"));
  assert.ok(!rig.isOut(item));
  await rig.parts.startRegistry();
  await rig.until(() => rig.isOut(item));
  await rig.progress();
});

test("every record counted: none lost, none twice, none torn, and some were aborted on the way", async () => {
  const count = await rig.count();
  assert.deepEqual(count.problems, []);
  assert.ok(count.aborted > 0);
  assert.ok(count.items >= rig.in);
  const done = rig.parts.proxy.log;
  for (const api of requests) {
    for (const side of sides) {
      const kinds = new Set(
        done.filter((deed) => deed.api === api && deed.side === side).map(({ did }) => did),
      );
      assert.deepEqual([...kinds].sort(), ["cut", "delayed", "dropped"], `${api} ${side}`);
    }
  }
});

test("workers that start with the state alone go on counting where the last ones ended", async () => {
  await rig.crew.stop();
  await rig.startCrew();
  rig.startLoad();
  await rig.progress();
  assert.deepEqual((await rig.count()).problems, []);
});

test("the count finds what is forged: an output that comes again, and an item that never comes out", async () => {
  const item = { id: randomUUID(), key: "cedar", value: 3 };
  rig.expect(item);
  const told = { ...item, by: item.key, count: 1_000_000, sum: 3 };
  const bundle = { requestId: item.id, requestDigest: "", tenant: item.key, text: JSON.stringify(told) };
  await rig.crew.stop();
  await publishDirectly(item, await encoded(item));
  const forger = rig.kafka.producer();
  await forger.connect();
  const value = await rig.codec.encode(hops.third.output, "EvidenceBundle", bundle);
  await forger.send({ topic: topicFor(region, hops.third.output), messages: [{ key: item.key, value }] });
  await forger.disconnect();
  const { problems } = await rig.count(1);
  assert.ok(problems.includes(`counting-first's outputs: ${item.id} is lost`));
  assert.ok(problems.some((problem) => /^counting-first\/\d: the position is/.test(problem)));
  assert.ok(problems.some((problem) => problem.startsWith("counting-third: cedar counts")));
  assert.ok(problems.includes("counting-third: the state is not what was told"));
});

const encoded = (item: Item): Promise<Buffer> => {
  const { topic, type, value } = inputOf(item);
  return rig.codec.encode(topic, type, value);
};

/** The item's event as a later version of its schema writes it: whoever reads it has to ask the registry. */
async function laterVersionOf(item: Item): Promise<Buffer> {
  const { type, value } = inputOf(item);
  const schema = JSON.parse(schemaText(type)) as { fields: object[] };
  schema.fields.push({ name: "later", type: "string", default: "" });
  const response = await fetch(`${rig.parts.registryUrl}/subjects/${fullName(type)}/versions`, {
    method: "POST",
    headers: { "content-type": "application/json" },
    body: JSON.stringify({ schema: JSON.stringify(schema), schemaType: "AVRO" }),
  });
  const { id } = (await response.json()) as { id: number };
  const head = Buffer.alloc(5);
  head.writeInt32BE(id, 1);
  const body = avsc.Type.forSchema(schema as unknown as avsc.Schema).toBuffer({ ...value, later: "x" });
  return Buffer.concat([head, body]);
}

/** Past the proxy, into a partition that worker-1 may have or not: both read it in time. */
async function publishDirectly(item: Item, value: Buffer): Promise<void> {
  const producer = rig.kafka.producer();
  await producer.connect();
  const headers = headersOf({
    ...{ id: randomUUID(), type: "DatasetHead", source: "/test", time: Date.now(), subject: item.key },
    traceparent: "",
  });
  const messages = [{ key: item.key, value, headers }];
  await producer.send({ topic: topicFor(region, hops.first.input), messages });
  await producer.disconnect();
  rig.expect(item);
}
