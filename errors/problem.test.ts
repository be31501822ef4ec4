import assert from "node:assert/strict";
import { test } from "node:test";
import { CryptoError } from "../crypto/errors.ts";
import { failureOf, PavilionError } from "./errors.ts";
import { problemOf } from "./problem.ts";

test("a caller is told code, status, what was wrong and what to do", () => {
  assert.deepEqual(problemOf(new PavilionError("STALE_HEAD", "The dataset has moved on.")), {
    type: "urn:pavilion:error:STALE_HEAD",
    title: "Stale head",
    status: 409,
    detail: "The dataset has moved on.",
    code: "STALE_HEAD",
    remedy: failureOf("STALE_HEAD").remedy,
  });
  assert.equal(problemOf(new PavilionError("STALE_HEAD", "It has.", "Look.")).remedy, "Look.");
});

test("what the operator alone is told reaches no caller: the region is away, or failed", () => {
  const away = problemOf(new PavilionError("KAFKA_UNAVAILABLE", "secret.example:9092", "secret"));
  assert.deepEqual([away.status, away.code], [503, "REGION_UNAVAILABLE"]);
  const failed = problemOf(new PavilionError("CONFIG_INVALID", "/etc/secret.json", "secret"));
  assert.deepEqual([failed.status, failed.code], [500, "INTERNAL_ERROR"]);
  assert.doesNotMatch(JSON.stringify([away, failed]), /secret/);
});

test("whatever else is thrown is an internal error, without its message", () => {
  const named = Object.assign(new Error("secret"), {
    code: "STALE_HEAD",
    remedy: "secret",
    name: "PavilionError",
  });
  for (const thrown of [
    new TypeError("secret"),
    new CryptoError("JWS_MALFORMED", "secret"),
    named,
    "secret",
    undefined,
    null,
  ]) {
    const problem = problemOf(thrown);
    assert.deepEqual([problem.status, problem.code], [500, "INTERNAL_ERROR"]);
    assert.doesNotMatch(JSON.stringify(problem), /secret/);
  }
});
