import assert from "node:assert/strict";
import { test } from "node:test";
import type { Notice } from "../../schemas/avro/index.ts";
import { Settlement } from "./settlement.ts";

const push = "a".repeat(32);
const accepted = (document: string): Notice => ({
  provider: "north",
  collaboration: "care",
  dataset: "people",
  batch: 1,
  kind: "accepted",
  code: null,
  message: null,
  rows: [],
  push,
  document,
});
const rejected = (document: string, code: string, rows: number[] = []): Notice => ({
  ...accepted(document),
  kind: "rejected",
  code,
  message: "no",
  rows,
});

function settled(...notices: Notice[]): Settlement {
  const settlement = new Settlement(push);
  for (const notice of notices) settlement.take(notice);
  return settlement;
}

test("a batch is settled by its own notice", () => {
  const settlement = settled(accepted("one"), rejected("two", "CHURN_LIMIT", [3]));
  assert.deepEqual(
    ["one", "two", "three"].map((head) => settlement.isSettled(head)),
    [true, true, false],
  );
  assert.equal(settlement.isAccepted("one"), true);
  assert.deepEqual(settlement.rejectionOf("two"), { code: "CHURN_LIMIT", message: "no", rows: [3] });
});

test("a batch that was accepted and came again is no failure, in whichever order that is told", () => {
  const [one, two] = [accepted("one"), rejected("one", "BATCH_OUT_OF_SEQUENCE")];
  for (const settlement of [settled(one, two), settled(two, one)]) {
    assert.equal(settlement.rejectionOf("one"), undefined);
    assert.equal(settlement.isAccepted("one"), true);
  }
});

test("notices of another push, even for batches of the same number, and of the relay say nothing about this one", () => {
  const settlement = settled(
    { ...accepted("another"), push: "b".repeat(32) },
    { ...rejected("one", "BATCH_OUT_OF_SEQUENCE"), push: "b".repeat(32) },
    { ...rejected("one", "WRONG_EPOCH"), kind: "relay-rejected" },
  );
  for (const head of ["one", "another"]) assert.equal(settlement.isSettled(head), false);
});

test("a batch that ingest could not read at all is told by its bytes", () => {
  const unreadable = { ...rejected("one", "BATCH_UNREADABLE"), collaboration: "", dataset: "", push: "" };
  const settlement = settled(unreadable);
  assert.equal(settlement.rejectionOf("one")?.code, "BATCH_UNREADABLE");
  assert.equal(settlement.isSettled("two"), false);
});
