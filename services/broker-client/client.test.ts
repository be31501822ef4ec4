import assert from "node:assert/strict";
import { test } from "node:test";
import type { Result } from "../../schemas/avro/index.ts";
import { brokerKey, request } from "../../test/stage-question.ts";
import { readRequest } from "../../documents/request.ts";
import { PendingResults } from "./client.ts";
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
  seedCommitment: null,
  commitment: null,
  proof: null,
  evidence: null,
});

const { broker, tenant, region, collaboration, purpose, legalBasis, epsilon, question, deadlineSeconds } =
  request;
const asked = {
  broker,
  tenant,
  region,
  collaboration,
  purpose,
  legalBasis,
  epsilon,
  question,
  deadlineSeconds,
};

test("a new request has an id and a nonce of its own, and reads back signed", async () => {
  const now = new Date("2026-03-01T10:00:00.000Z");
  const [one, two] = [newRequest(asked, now), newRequest(asked, now)];
  assert.notEqual(one.id, two.id);
  assert.notEqual(one.nonce, two.nonce);
  const signed = await signRequest(one, brokerKey.sign);
  assert.deepEqual(readRequest(signed.document).document, one);
  assert.equal(one.issuedAt, now.toISOString());
});

test("a question that does not follow the schema makes no request", () => {
  assert.throws(() => newRequest({ ...asked, epsilon: "0" }), { code: "DOCUMENT_INVALID" });
});

test("a result goes to who asked that very document", async () => {
  const results = new PendingResults();
  const [one, two] = [results.await("1", 1000), results.await("2", 1000)];
  results.take(result("3"));
  results.take(result("2"));
  results.take(result("1"));
  assert.equal((await one).requestDigest, "1");
  assert.equal((await two).requestDigest, "2");
});

test("who waits in vain is told when the time is up", async () => {
  const results = new PendingResults();
  await assert.rejects(results.await("1", 1), { code: "TIMED_OUT" });
  results.take(result("1"));
});

test("a document is asked once at a time", async () => {
  const results = new PendingResults();
  const waiting = results.await("1", 1000);
  await assert.rejects(results.await("1", 1000), /asked already/);
  results.take(result("1"));
  await waiting;
});

test("a failure ends every wait, and those that come after it", async () => {
  const results = new PendingResults();
  const waiting = results.await("1", 1000);
  results.fail(new Error("lost"));
  await assert.rejects(waiting, /lost/);
  await assert.rejects(results.await("2", 1000), /lost/);
});
