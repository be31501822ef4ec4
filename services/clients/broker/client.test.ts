import assert from "node:assert/strict";
import { test } from "node:test";
import type { Result } from "../../../schemas/avro/index.ts";
import { brokerKey, request } from "../../../test/stage-question.ts";
import { readRequest } from "../../../domain/terms/request.ts";
import { Pending } from "../pending.ts";
import { newRequest, signRequest } from "./request.ts";

const result = (requestDigest: string): Result => ({
  requestId: request.id,
  requestDigest,
  tenant: request.tenant,
  status: "refused",
  code: "BUDGET_EXHAUSTED",
  message: null,
  answer: null,
  credential: null,
  matchLeaf: null,
  spendLeaf: null,
  evidence: null,
  evidenceFor: null,
  evidenceSeconds: null,
  unsigned: false,
});

const awaiting = (): Pending<Result> => new Pending("No result came.");
const takeIn = (results: Pending<Result>, digest: string): void => {
  results.take(digest, result(digest));
};

const { type: _type, id: _id, nonce: _nonce, issuedAt: _issuedAt, seedCommitment, ...asked } = request;

test("a new request has an id and a nonce of its own, and reads back signed", async () => {
  const now = new Date("2026-03-01T10:00:00.000Z");
  const [one, two] = [newRequest(asked, seedCommitment, now), newRequest(asked, seedCommitment, now)];
  assert.notEqual(one.id, two.id);
  assert.notEqual(one.nonce, two.nonce);
  const signed = await signRequest(one, brokerKey.sign);
  assert.deepEqual(readRequest(signed.document).document, one);
  assert.equal(one.issuedAt, now.toISOString());
  assert.deepEqual([one.seedCommitment, signed.seedCommitment], [seedCommitment, seedCommitment]);
});

test("a question that does not follow the schema makes no request", () => {
  assert.throws(() => newRequest({ ...asked, epsilon: "0" }, seedCommitment), { code: "DOCUMENT_INVALID" });
});

test("a request names a seed: without a commitment there is none", () => {
  for (const wrong of ["", "null", "0".repeat(63), "G".repeat(64)]) {
    assert.throws(() => newRequest(asked, wrong), { code: "DOCUMENT_INVALID" });
  }
});

test("a result goes to who asked that very document", async () => {
  const results = awaiting();
  const [one, two] = [results.await("1", 1000), results.await("2", 1000)];
  takeIn(results, "3");
  takeIn(results, "2");
  takeIn(results, "1");
  assert.equal((await one).requestDigest, "1");
  assert.equal((await two).requestDigest, "2");
});

test("who waits in vain is told when the time is up", async () => {
  const results = awaiting();
  await assert.rejects(results.await("1", 1), { code: "TIMED_OUT" });
  takeIn(results, "1");
});

test("an answer to a record counts for who learns its place a moment later, once; a result that nobody waits for does not", async () => {
  const results = new Pending<Result>("No result came.", ({ unsigned }) => unsigned);
  results.take("record", { ...result("record"), unsigned: true });
  takeIn(results, "request");
  assert.equal((await results.await("record", 1)).requestDigest, "record");
  await assert.rejects(results.await("record", 1), { code: "TIMED_OUT" });
  await assert.rejects(results.await("request", 1), { code: "TIMED_OUT" });
});

test("of answers to records that nobody waits for only the newest thousand are kept", async () => {
  const results = new Pending<Result>("No result came.", () => true);
  for (let number = 0; number <= 1_000; number++) takeIn(results, String(number));
  await assert.rejects(results.await("0", 1), { code: "TIMED_OUT" });
  assert.equal((await results.await("1", 1)).requestDigest, "1");
});

test("a document is asked once at a time", async () => {
  const results = awaiting();
  const waiting = results.await("1", 1000);
  await assert.rejects(results.await("1", 1000), /waited for already/);
  takeIn(results, "1");
  await waiting;
});

test("a failure ends every wait, and those that come after it", async () => {
  const results = awaiting();
  const waiting = results.await("1", 1000);
  results.fail(new Error("lost"));
  await assert.rejects(waiting, /lost/);
  await assert.rejects(results.await("2", 1000), /lost/);
});
