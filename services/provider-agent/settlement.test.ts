import assert from "node:assert/strict";
import { test } from "node:test";
import type { Notice } from "../../schemas/avro/index.ts";
import { Settlement } from "./settlement.ts";

const place = { collaboration: "care", epoch: 1, dataset: "people" };
const accepted = (batch: number): Notice => ({
  provider: "north",
  collaboration: "care",
  dataset: "people",
  batch,
  kind: "accepted",
  code: null,
  message: null,
  rows: [],
});
const rejected = (batch: number, code: string, rows: number[] = []): Notice => ({
  ...accepted(batch),
  kind: "rejected",
  code,
  message: "no",
  rows,
});

function settled(...notices: Notice[]): Settlement {
  const settlement = new Settlement(place);
  for (const notice of notices) settlement.take(notice);
  return settlement;
}

test("a batch is settled by its own notice", () => {
  const settlement = settled(accepted(1), rejected(2, "CHURN_LIMIT", [3]));
  assert.deepEqual(
    [1, 2, 3].map((batch) => settlement.isSettled(batch)),
    [true, true, false],
  );
  assert.deepEqual(
    [1, 2].map((batch) => settlement.isAccepted(batch)),
    [true, false],
  );
});

test("the first rejection is the cause; those after it follow from it", () => {
  const { rejection } = settled(rejected(2, "CHURN_LIMIT", [3]), rejected(3, "BATCH_OUT_OF_SEQUENCE"));
  assert.deepEqual(rejection, { sequence: 2, code: "CHURN_LIMIT", message: "no", rows: [3] });
});

test("a batch that was accepted and came again is no failure", () => {
  assert.equal(settled(accepted(1), rejected(1, "BATCH_OUT_OF_SEQUENCE")).rejection, undefined);
});

test("notices about other datasets, other collaborations and the relay say nothing about this push", () => {
  const settlement = settled(
    { ...rejected(1, "CHURN_LIMIT"), dataset: "visits" },
    { ...accepted(1), collaboration: "trial" },
    { ...rejected(1, "WRONG_EPOCH"), kind: "relay-rejected" },
  );
  assert.equal(settlement.isSettled(1), false);
  assert.equal(settlement.rejection, undefined);
});

test("a batch that ingest could not read at all ends the push", () => {
  const unreadable = { ...rejected(0, "BATCH_UNREADABLE"), collaboration: "", dataset: "" };
  assert.equal(settled(unreadable).rejection?.code, "BATCH_UNREADABLE");
});
