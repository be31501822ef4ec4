import assert from "node:assert/strict";
import { createHash } from "node:crypto";
import { test } from "node:test";
import fc from "fast-check";
import type { AuditEvent, DatasetHead, DeadLetter, Refusal, RequestRef } from "../schemas/avro/index.ts";
import { output, publish, refuse, reject, type Stage } from "./stage.ts";
import { StageTask, type Emission, type Input } from "./task.ts";

const region = "eu-central";
const partition = 1;
const originalBytesMax = 256 * 1024;

type Counted = "DatasetHead" | "SignedRequest" | "RoutedRequest" | "RecordBatch";

/** Counts what it handles, so that an input handled twice shows; fails as the record's key says. */
const counting: Stage<Counted, null> = {
  name: "counting",
  inputs: [
    { topic: "dataset.heads", types: ["DatasetHead"] },
    { topic: "broker.requests", types: ["SignedRequest"] },
    { topic: "routing.routed", types: ["RoutedRequest"] },
    { topic: "ingest.<provider>", types: ["RecordBatch"] },
  ],
  outputs: ["dataset.heads"],
  handle({ key }, state) {
    if (key === "poison") throw new Error("cannot handle this");
    const count = ((state.get("counts", "all") as number | undefined) ?? 0) + 1;
    const changes = [{ table: "counts", key: "all", value: count }];
    const audit = [{ tenant: "t", action: "counted", details: { count: String(count) } }];
    const outputs = [0, 1].map(() => output("dataset.heads", "DatasetHead", head, { key }));
    if (key === "reject") return reject("BATCH_UNREADABLE", "It is refused.", { changes });
    if (key === "refuse") {
      return refuse({ request, code: "POLICY_DENIED", detail: "It is not allowed." }, { changes });
    }
    return publish({ outputs, changes, audit });
  },
};

const head: DatasetHead = {
  ...{ collaboration: "c", epoch: 1, provider: "p", dataset: "d" },
  ...{ sequence: 1, head: "h", complete: true, signature: "s" },
};

const request: RequestRef = {
  ...{ requestId: "request-1", digest: "d1", tenant: "tenant-1", broker: "b" },
  ...{ collaboration: "c", deadline: 1_000 },
};

const sealed = (raw: Buffer): Buffer => Buffer.concat([Buffer.from("sealed "), raw]);

const newTask = (stage = counting): StageTask<Counted, null> =>
  new StageTask({ stage, region, partition, ports: null, sealOriginal: sealed });

/** An event of another stage, on one of its topics. */
function input(offset: number, change: Partial<Input> = {}): Input {
  return {
    topic: "dataset.heads",
    address: `${region}.dataset.heads`,
    offset: BigInt(offset),
    key: "k",
    time: 5,
    id: "",
    source: `/${region}/ingest`,
    traceparent: "trace",
    raw: Buffer.from("raw"),
    content: { type: "DatasetHead", value: head },
    ...change,
  };
}

const signedRequest = { requestId: "request-2", document: '{"é":1}', signature: "s", seedCommitment: null };

const asked = (offset: number, change: Partial<Input> = {}): Input =>
  input(offset, {
    topic: "broker.requests",
    address: `${region}.broker.requests`,
    source: "/broker/b",
    content: { type: "SignedRequest", value: signedRequest },
    ...change,
  });

/** What a handler fails with, whose message nobody may read. */
const defect = new TypeError("value 4711 is not a function");

const noPayload = { enc: Buffer.alloc(0), records: [], commitments: Buffer.alloc(0) };

const pushed = (offset: number, change: Partial<Input> = {}): Input =>
  input(offset, {
    topic: "ingest.<provider>",
    provider: "p",
    address: `${region}.ingest.p`,
    content: { type: "RecordBatch", value: { header: "", signature: "", ...noPayload } },
    ...change,
  });

async function commit(task: StageTask<Counted, null>, ...inputs: Input[]): Promise<Emission[]> {
  const emissions: Emission[] = [];
  for (const next of inputs) {
    emissions.push(...(await task.take(next)));
    task.state.commit();
  }
  return emissions;
}

const handled = (task: StageTask<Counted, null>): unknown => task.state.get("counts", "all") ?? 0;

interface ValueOn {
  readonly "dead-letter": DeadLetter;
  readonly "audit.events": AuditEvent;
  readonly "result.refusals": Refusal;
}

function only<T extends keyof ValueOn>(emissions: readonly Emission[], topic: T): ValueOn[T] {
  const found = emissions.filter((emission) => emission.topic === topic);
  assert.equal(found.length, 1, `one record to ${topic}`);
  return found[0]?.value as ValueOn[T];
}

const topicsOf = (emissions: readonly Emission[]): string[] => emissions.map(({ topic }) => topic);

const digestOf = (content: string | Buffer): string => createHash("sha256").update(content).digest("hex");

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
  task.state.commit();
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

test("take() stages nothing where the original of a rejected input cannot be sealed", async () => {
  const sealOriginal = (): never => {
    throw new Error("no key");
  };
  const task = new StageTask({ stage: counting, region, partition, ports: null, sealOriginal });
  await assert.rejects(task.take(input(0, { key: "reject" })), /no key/);
  assert.deepEqual(task.state.staged(), []);
});

test("the visible twin of an input that was given up is dropped", async () => {
  const task = newTask();
  const id = `${region}.ingest.p/0/7/0`;
  const source = `/${region}/ingest`;
  task.abandon(input(0, { id, source }), 3, defect);
  assert.deepEqual(await task.take(input(1, { id, source })), []);
});

test("an input that is given up goes to the dead letters, sealed, and the position moves past it", async () => {
  const task = newTask();
  const poison = input(3, { key: "poison", raw: Buffer.from("original") });
  await assert.rejects(task.take(poison));
  const emissions = task.abandon(poison, 3, defect);
  task.state.commit();
  const letter = only(emissions, "dead-letter");
  assert.deepEqual(
    { ...letter, message: "" },
    {
      stage: "counting",
      code: "INTERNAL_ERROR",
      message: "",
      sourceTopic: `${region}.dataset.heads`,
      sourcePartition: partition,
      sourceOffset: 3,
      eventType: "DatasetHead",
      attempts: 3,
      sealed: Buffer.from("sealed original"),
      ...{ truncated: false, cause: "TypeError", traceparent: "trace" },
    },
  );
  assert.equal(task.position(`${region}.dataset.heads`), 4n);
  assert.deepEqual(await task.take(poison), []);
  assert.equal(handled(task), 0);
});

test("where nobody waits, an input that is given up has an audit event and no refusal", () => {
  const emissions = newTask().abandon(pushed(0, { key: "poison" }), 3, defect);
  assert.deepEqual(topicsOf(emissions), ["dead-letter", "audit.events"]);
  const audit = only(emissions, "audit.events");
  assert.deepEqual(
    [audit.tenant, audit.action, audit.code, audit.requestId],
    ["p", "input.rejected", "INTERNAL_ERROR", null],
  );
});

test("a leaf that is about no request, a seed's, is refused to nobody when it is given up", () => {
  const content = { type: "LogLeaf", value: { kind: "seed", request: null, text: "{}" } } as const;
  const emissions = newTask().abandon(input(0, { topic: "proofs.pending", content }), 3, defect);
  assert.deepEqual(topicsOf(emissions), ["dead-letter", "audit.events"]);
});

test("an input about a request that is given up gives that request an error", () => {
  const seed = { id: 1, commitment: "c" };
  const content = { type: "RoutedRequest", value: { request, document: "x", signature: "s", seed } } as const;
  const routed = input(0, { topic: "routing.routed", address: `${region}.routing.routed`, content });
  const emissions = newTask().abandon(routed, 3, defect);
  const refusal = only(emissions, "result.refusals");
  assert.deepEqual(refusal.request, request);
  assert.deepEqual([refusal.stage, refusal.code], ["counting", "INTERNAL_ERROR"]);
  assert.equal(emissions.find(({ topic }) => topic === "result.refusals")?.key, "request-1");
  const { tenant, requestId, requestDigest: digest } = only(emissions, "audit.events");
  assert.deepEqual({ ...request, tenant, requestId, digest }, request);
});

test("what a stage beside the answer gives up is refused to nobody: the answer stands", () => {
  const seed = { id: 1, commitment: "c" };
  const content = { type: "RoutedRequest", value: { request, document: "x", signature: "s", seed } } as const;
  const routed = input(0, { topic: "routing.routed", address: `${region}.routing.routed`, content });
  const emissions = newTask({ ...counting, besideAnswer: true }).abandon(routed, 3, defect);
  assert.deepEqual(topicsOf(emissions), ["dead-letter", "audit.events"]);
  const { requestId, code } = only(emissions, "audit.events");
  assert.deepEqual([requestId, code], ["request-1", "INTERNAL_ERROR"]);
});

test("a signed request that is given up is refused under its document's digest, which its asker knows", () => {
  const emissions = newTask().abandon(asked(0, { key: "request-2" }), 3, defect);
  const refusal = only(emissions, "result.refusals");
  assert.equal(refusal.code, "INTERNAL_ERROR");
  assert.equal(refusal.request.digest, digestOf(Buffer.from(signedRequest.document, "utf8")));
  assert.equal(refusal.request.requestId, "request-2");
  assert.equal(refusal.request.tenant, "unknown");
});

test("a request that cannot be decoded is refused under its record's key and digest", async () => {
  const content = { fault: "EVENT_UNREADABLE", detail: "It is not readable." } as const;
  const garbled = asked(0, { key: "request-3", raw: Buffer.from([1, 2, 255]), content });
  const emissions = await commit(newTask(), garbled);
  const refusal = only(emissions, "result.refusals");
  assert.equal(refusal.code, "EVENT_UNREADABLE");
  assert.deepEqual(
    [refusal.request.requestId, refusal.request.digest, refusal.request.deadline],
    ["request-3", digestOf(Buffer.from([1, 2, 255])), garbled.time],
  );
  const letter = only(emissions, "dead-letter");
  assert.deepEqual([letter.code, letter.eventType, letter.attempts], ["EVENT_UNREADABLE", null, 1]);
  only(emissions, "audit.events");
});

test("an undecodable record of a topic where nobody waits is refused to nobody", async () => {
  const content = { fault: "EVENT_UNREADABLE", detail: "It is not readable." } as const;
  const emissions = await commit(newTask(), pushed(0, { content }));
  assert.deepEqual(topicsOf(emissions), ["dead-letter", "audit.events"]);
});

test("a rejected input goes to the dead letters, and what the handler changed is kept", async () => {
  const task = newTask();
  const emissions = await commit(task, input(0, { key: "reject" }));
  assert.equal(only(emissions, "dead-letter").code, "BATCH_UNREADABLE");
  assert.equal(only(emissions, "audit.events").code, "BATCH_UNREADABLE");
  assert.equal(handled(task), 1);
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

test("a dead letter keeps the first 256 KiB of its original and says when that is not all", async () => {
  const raw = Buffer.alloc(originalBytesMax + 1, "a").fill("b", 0, 1);
  const kept = raw.subarray(0, originalBytesMax);
  const letters: DeadLetter[] = [];
  for (const original of [raw, kept])
    letters.push(only(await commit(newTask(), input(0, { key: "reject", raw: original })), "dead-letter"));
  const [cut, whole] = letters;
  assert.deepEqual([cut?.sealed, whole?.sealed], [sealed(kept), sealed(kept)]);
  assert.deepEqual([cut?.truncated, whole?.truncated], [true, false]);
  assert.match(cut?.message ?? "", /Only its start is kept/);
  assert.doesNotMatch(whole?.message ?? "", /Only its start is kept/);
});
