/**
 * What a task does with an input that it cannot take: dead letters, refusals and audit events.
 */
import assert from "node:assert/strict";
import { test } from "node:test";
import { recordDigest } from "./record-digest.ts";
import type { Input } from "./task.ts";
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
} from "./testing/counting-stage.ts";

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
  const leaf = { kind: "seed", request: null, text: "{}", completes: false };
  const content = { type: "LogLeaf", value: leaf } as const;
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

test("what is given up beside the answer is refused to nobody: the answer stands", () => {
  const seed = { id: 1, commitment: "c" };
  const content = { type: "RoutedRequest", value: { request, document: "x", signature: "s", seed } } as const;
  const routed = input(0, { topic: "routing.routed", address: `${region}.routing.routed`, content });
  const inputs = counting.inputs.map((one) => ({ ...one, besideAnswer: true as const }));
  const emissions = newTask({ ...counting, inputs }).abandon(routed, 3, defect);
  assert.deepEqual(topicsOf(emissions), ["dead-letter", "audit.events"]);
  const { requestId, code } = only(emissions, "audit.events");
  assert.deepEqual([requestId, code], ["request-1", "INTERNAL_ERROR"]);
});

const id = "6f1d4a52-0d0e-4b0f-9a51-000000000003";

/** How an input is called whose signature nobody vouches for. */
const recordOf = ({ address, offset, rawKey, raw }: Input): string =>
  recordDigest({ topic: address, partition, offset, key: rawKey, value: raw });

test("a signed request that is given up is answered as a record: nobody has checked who signed it", () => {
  const given = asked(0, { key: id, raw: Buffer.from("value") });
  const refusal = only(newTask().abandon(given, 3, defect), "result.refusals");
  assert.deepEqual([refusal.code, refusal.unsigned], ["INTERNAL_ERROR", true]);
  const { requestId, digest, tenant, broker, collaboration, deadline } = refusal.request;
  assert.deepEqual([requestId, digest], [id, recordOf(given)]);
  assert.deepEqual([tenant, broker, collaboration, deadline], ["unknown", "unknown", "", given.time]);
});

test("what cannot be read is answered as a record, be its bytes somebody's document or not", async () => {
  const content = { fault: "EVENT_UNREADABLE", detail: "It is not readable." } as const;
  for (const raw of [Buffer.from([1, 2, 255]), Buffer.from(signedRequest.document), Buffer.alloc(0)]) {
    const garbled = asked(0, { key: id, raw, content });
    const emissions = await commit(newTask(), garbled);
    const refusal = only(emissions, "result.refusals");
    assert.deepEqual([refusal.code, refusal.unsigned], ["EVENT_UNREADABLE", true]);
    assert.equal(refusal.request.digest, recordOf(garbled));
    assert.notEqual(refusal.request.digest, digestOf(raw));
    const letter = only(emissions, "dead-letter");
    assert.deepEqual([letter.code, letter.eventType, letter.attempts], ["EVENT_UNREADABLE", null, 1]);
    assert.equal(only(emissions, "audit.events").requestDigest, refusal.request.digest);
  }
});

test("what a stage declines is answered as a record, and goes to no dead letters", async () => {
  const given = asked(7, { key: "decline" });
  const emissions = await commit(newTask(), given);
  assert.deepEqual(topicsOf(emissions), ["result.refusals", "audit.events"]);
  const { request: named, code, unsigned } = only(emissions, "result.refusals");
  assert.deepEqual([named.digest, code, unsigned], [recordOf(given), "BAD_SIGNATURE", true]);
  assert.deepEqual([named.tenant, named.broker], ["unknown", "unknown"]);
  const { tenant, action, requestDigest } = only(emissions, "audit.events");
  assert.deepEqual([tenant, action, requestDigest], ["unknown", "request.refused", recordOf(given)]);
});

test("an outsider's key is said again only where it is an id", () => {
  for (const key of ["", "k".repeat(100_000), id.toUpperCase(), `${id} `, `${id}\n`, "é".repeat(36)]) {
    const refusal = only(newTask().abandon(asked(0, { key }), 1, defect), "result.refusals");
    assert.equal(refusal.request.requestId, "");
  }
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
