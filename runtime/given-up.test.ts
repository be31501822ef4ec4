/**
 * What a task does with an input that it cannot take: dead letters, refusals and audit events.
 */
import assert from "node:assert/strict";
import { test } from "node:test";
import type { DeadLetter } from "../schemas/avro/index.ts";
import {
  region,
  partition,
  counting,
  request,
  sealed,
  newTask,
  input,
  signedRequest,
  asked,
  defect,
  pushed,
  commit,
  handled,
  only,
  topicsOf,
  digestOf,
} from "../test/stage-counting.ts";

const originalBytesMax = 256 * 1024;

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
  await task.state.commit();
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
      ...{ sourceLastOffset: null, truncated: false, cause: "TypeError", traceparent: "trace" },
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
