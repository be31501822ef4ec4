import assert from "node:assert/strict";
import { test } from "node:test";
import fc from "fast-check";
import {
  region,
  partition,
  counting,
  request,
  newTask,
  input,
  asked,
  defect,
  pushed,
  commit,
  handled,
  only,
} from "./testing/counting-stage.ts";
import { publish } from "./contract/stage.ts";
import { Table } from "./contract/state.ts";
import { StageTask, type Input } from "./task.ts";
import { asking } from "../pipelines/private-computation/asking.ts";
import { topics } from "../pipelines/pipelines.ts";

test("an input below the position is not handled again", async () => {
  const task = newTask();
  await commit(task, input(0), input(1), input(4));
  assert.equal(task.position(`${region}.dataset.heads`), 5n);
  assert.deepEqual(await task.take(input(4)), []);
  assert.deepEqual(await task.take(input(0)), []);
  assert.deepEqual(task.state.staged(), []);
  assert.equal(handled(task), 3);
});

test("each topic has a position of its own", async () => {
  const task = newTask();
  await commit(task, input(7), asked(0), pushed(2));
  assert.equal(handled(task), 3);
  assert.equal(task.position(`${region}.dataset.heads`), 8n);
  assert.equal(task.position(`${region}.broker.requests`), 1n);
  assert.equal(task.position(`${region}.ingest.p`), 3n);
});

test("positions that a float cannot hold are told apart", async () => {
  const task = newTask();
  const offset = 2n ** 53n;
  await commit(task, input(0, { offset }), input(0, { offset }), input(0, { offset: offset + 1n }));
  assert.equal(handled(task), 2);
});

const from = (place: string, change: Partial<Input> = {}): Partial<Input> => ({ id: place, ...change });

test("a doubled upstream event is dropped, and the position moves past it", async () => {
  const task = newTask();
  const twin = from("eu-central.ingest.p/1/7/0");
  const [first, second] = [await commit(task, input(0, twin)), await commit(task, input(1, twin))];
  assert.equal(first.length, 3);
  assert.deepEqual(second, []);
  assert.equal(handled(task), 1);
  assert.equal(task.position(`${region}.dataset.heads`), 2n);
});

test("after its state was rebuilt from what was staged, a task drops the same", async () => {
  const before = newTask();
  await before.take(input(0, from("eu-central.ingest.p/1/7/0")));
  await before.take(input(1, from("eu-central.ingest.p/1/7/1")));
  const task = newTask();
  task.state.stage(JSON.parse(JSON.stringify(before.state.staged())) as ReturnType<typeof task.state.staged>);
  await task.state.commit();
  await commit(task, input(1), input(2, from("eu-central.ingest.p/1/7/1")));
  assert.equal(handled(task), 2);
  await commit(task, input(3, from("eu-central.ingest.p/1/8/0")));
  assert.equal(handled(task), 3);
});

test("upstream ids are ordered as numbers, first by offset, then by index", async () => {
  const task = newTask();
  const ids = ["9/0", "9/9", "9/10", "10/0", "100/0", "9007199254740992/0", "9007199254740993/0"];
  await commit(task, ...ids.map((id, offset) => input(offset, from(`eu-central.ingest.p/1/${id}`))));
  assert.equal(handled(task), ids.length);
  const late = ["9/10", "10/0", "99/7", "9007199254740992/1"];
  await commit(task, ...late.map((id, n) => input(100 + n, from(`eu-central.ingest.p/1/${id}`))));
  assert.equal(handled(task), ids.length);
});

test("however events are doubled and run again, each counts once", async () => {
  const written = fc.array(fc.record({ step: fc.nat(3), back: fc.nat(4) }), { maxLength: 30 });
  await fc.assert(
    fc.asyncProperty(written, async (records) => {
      const task = newTask();
      const distinct = new Set<number>();
      let [offset, last] = [0, 0];
      for (const { step, back } of records) {
        last += step;
        // A leaked record lies before its twin or behind it, in the order of the transactions.
        for (const upstream of [last, Math.max(0, last - back), last]) {
          if (upstream === last || distinct.has(upstream)) {
            distinct.add(upstream);
            await commit(task, input(offset++, from(`eu-central.ingest.p/1/${String(upstream)}/0`)));
          }
        }
      }
      assert.equal(handled(task), distinct.size);
    }),
  );
});

const elsewhere: [name: string, first: Input, second: Input][] = [
  [
    "source",
    input(0, from("eu-central.ingest.p/1/9/0")),
    input(1, from("eu-central.ingest.p/1/9/0", { source: "/eu-central/other" })),
  ],
  ["origin topic", input(0, from("eu-central.ingest.p/1/9/0")), input(1, from("eu-central.ingest.q/1/2/0"))],
  [
    "origin partition",
    input(0, from("eu-central.ingest.p/1/9/0")),
    input(1, from("eu-central.ingest.p/0/2/0")),
  ],
  [
    "input topic",
    input(0, from("eu-central.ingest.p/1/9/0")),
    input(0, {
      ...from("eu-central.ingest.p/1/9/0"),
      topic: "routing.routed",
      address: `${region}.routing.routed`,
      content: { type: "RoutedRequest", value: { request, document: "", signature: "" } },
    }),
  ],
];

for (const [name, first, second] of elsewhere) {
  test(`an id does not shadow one of another ${name}`, async () => {
    const task = newTask();
    await commit(task, first, second);
    assert.equal(handled(task), 2);
    await commit(task, { ...first, offset: 10n }, { ...second, offset: 11n });
    assert.equal(handled(task), 2, "twins of both are dropped");
  });
}

test("an outsider's ids never cause a drop, whatever they look like", async () => {
  for (const outsider of [asked, pushed]) {
    const task = newTask();
    const ids = ["eu-central.ingest.p/1/999/9", "eu-central.ingest.p/1/999/9", "eu-central.ingest.p/1/1/0"];
    await commit(task, ...ids.map((id, offset) => outsider(offset, { id, source: "/eu-central/ingest" })));
    assert.equal(handled(task), 3);
    await commit(task, input(0, from("eu-central.ingest.p/1/1/0")));
    assert.equal(handled(task), 4);
  }
});

test("an id that names no input never causes a drop", async () => {
  const task = newTask();
  const ids = ["", "", "tick", "tick", "a/1/2", "a/1/2", "a/1/-2/0", "a/1/-2/0"];
  await commit(task, ...ids.map((id, offset) => input(offset, { id })));
  assert.equal(handled(task), ids.length);
});

test("another stage's event on a shared topic only moves the position", async () => {
  const task = newTask();
  assert.deepEqual(await commit(task, input(0, { content: { skipped: true } })), []);
  assert.equal(handled(task), 0);
  assert.equal(task.position(`${region}.dataset.heads`), 1n);
});

test("take() that throws stages nothing, and leaves alone what was staged before", async () => {
  const task = newTask();
  await task.take(input(0));
  const staged = task.state.staged();
  await assert.rejects(
    task.take(input(1, { key: "poison", ...from("eu-central.ingest.p/1/7/0") })),
    /cannot/,
  );
  assert.deepEqual(task.state.staged(), staged);
  await task.take(input(1, from("eu-central.ingest.p/1/7/0")));
  assert.equal(handled(task), 2);
});

test("a record that nobody signed is answered to the owner of the topic that it lies on, whatever it says of itself", async () => {
  const told: unknown[] = [];
  const replies = {
    ...(asking.replies ?? assert.fail("askers are told")),
    unsigned: (record: { owner?: string; source: string }) => {
      told.push([record.owner, record.source]);
      return request;
    },
  };
  const place = { region, partition, ports: null, topics, sealOriginal: (raw: Buffer) => raw };
  const task = new StageTask({ ...place, stage: counting, asking: { ...asking, replies } });
  await task.take(pushed(0, { key: "decline", source: "/broker/other" }));
  assert.deepEqual(told, [["p", "/broker/other"]]);
});

test("an output that the stage does not declare is refused, whatever else the handler says", async () => {
  const undeclared = { ...counting, outputs: ["audit.events"] as const };
  await assert.rejects(newTask(undeclared).take(input(0)), /declares no output dataset\.heads/);
});

test("an entry with a rank in a table that the stage does not list is refused: the rank would be lost with a restart", async () => {
  const ranked = new Table<number>("ranked", (value) => value);
  const handle = () => publish({ changes: [ranked.put("k", 1)] });
  await assert.rejects(newTask({ ...counting, handle }).take(input(0)), /lists no table ranked/);
  const task = newTask({ ...counting, handle, tables: [ranked] });
  await task.take(input(0));
  assert.deepEqual(ranked.ranked(task.state, { limit: 1 }), [{ key: "k", value: 1, rank: 1 }]);
});

test("take() stages nothing where the original of a rejected input cannot be sealed", async () => {
  const sealOriginal = (): never => {
    throw new Error("no key");
  };
  const task = new StageTask({
    stage: counting,
    region,
    partition,
    ports: null,
    topics,
    asking,
    sealOriginal,
  });
  await assert.rejects(task.take(input(0, { key: "reject" })), /no key/);
  assert.deepEqual(task.state.staged(), []);
});

test("a refusal goes to the asker with an audit event beside it, and to no dead letters", async () => {
  const emissions = await commit(newTask(), input(0, { key: "refuse" }));
  const refusal = only(emissions, "result.refusals");
  assert.deepEqual([refusal.request, refusal.code], [request, "POLICY_DENIED"]);
  assert.match(refusal.message, /^It is not allowed\. ./);
  const { details, ...audit } = only(emissions, "audit.events");
  assert.deepEqual(details, {});
  assert.deepEqual(audit, {
    tenant: request.tenant,
    region,
    stage: "counting",
    action: "request.refused",
    requestId: request.requestId,
    requestDigest: request.digest,
    code: "POLICY_DENIED",
  });
  assert.equal(emissions.length, 2);
});

test("emissions are named after their input, each by itself, in growing order", async () => {
  const task = newTask();
  const keys = ["k", "refuse", "reject", "k"];
  const emissions = await commit(task, ...keys.map((key, offset) => input(offset + 8, { key })));
  emissions.push(...task.abandon(input(12, { key: "poison" }), 3, defect));
  const places = emissions.map(({ id }) => id.split("/"));
  for (const [address, number] of places) {
    assert.deepEqual([address, number], [`${region}.dataset.heads`, String(partition)]);
  }
  const expected = [3, 2, 2, 3, 2].flatMap((count, n) =>
    Array.from({ length: count }, (_, index) => [String(8 + n), String(index)]),
  );
  assert.deepEqual(
    places.map((place) => place.slice(2)),
    expected,
  );
  for (const { source, subject, key, traceparent } of emissions) {
    assert.deepEqual([source, subject, traceparent], [`/${region}/counting`, key, "trace"]);
  }
});

test("what one task emits, the next one takes: every event once, twins dropped", async () => {
  const emissions = await commit(newTask(), ...Array.from({ length: 12 }, (_, offset) => input(offset)));
  const heads = emissions.filter(({ topic }) => topic === "dataset.heads");
  assert.equal(heads.length, 24);
  const next = newTask();
  const doubled = heads.flatMap((emission) => [emission, emission]);
  await commit(next, ...doubled.map(({ id, source }, offset) => input(offset, { id, source })));
  assert.equal(handled(next), 24);
});
