import assert from "node:assert/strict";
import { test } from "node:test";
import type { BudgetState } from "../../schemas/avro/index.ts";
import { budgetOf, populationOf } from "../../test/populations.ts";
import { standingOf } from "./standing.ts";

const delta = "1/1000000000";
const [home] = populationOf({ budget: budgetOf("4", "2", delta) }).homes;
assert.ok(home !== undefined);

const state: BudgetState = {
  ...{ population: "au-residents", version: 1, digest: "aa".repeat(32), sequence: 3, time: 0 },
  ...{ epsilon: "7/2", delta: "1/2000000000" },
  windows: [{ days: 30, epsilon: "1/3", delta: "1/4000000000" }],
};

test("before anything is charged the whole share is left", () => {
  assert.deepEqual(standingOf(home, undefined), [
    {
      days: null,
      epsilon: { budget: "4", spent: "0", left: "4" },
      delta: { budget: delta, spent: "0", left: delta },
    },
    {
      days: 30,
      epsilon: { budget: "2", spent: "0", left: "2" },
      delta: { budget: delta, spent: "0", left: delta },
    },
  ]);
});

test("what is left is exact, for good and within each window", () => {
  const [total, window] = standingOf(home, state);
  assert.deepEqual(total?.epsilon, { budget: "4", spent: "7/2", left: "1/2" });
  assert.deepEqual(total.delta, { budget: delta, spent: "1/2000000000", left: "1/2000000000" });
  assert.deepEqual(window?.epsilon, { budget: "2", spent: "1/3", left: "5/3" });
  assert.deepEqual(window.delta.left, "3/4000000000");
});

test("a budget that a later version lowered below what is spent has nothing left", () => {
  const [total] = standingOf({ ...home, share: { ...home.share, epsilon: "3" } }, state);
  assert.equal(total?.epsilon.left, "0");
});

test("a window that came after the last charge counts all that was ever spent, until the next one", () => {
  const windows = [{ days: 7, epsilon: "4", delta }];
  const [, window] = standingOf({ ...home, share: { ...home.share, windows } }, state);
  assert.deepEqual(window?.epsilon, { budget: "4", spent: "7/2", left: "1/2" });
});
