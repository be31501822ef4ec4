import assert from "node:assert/strict";
import { test } from "node:test";
import { reasonsOf, type RowFault } from "./row-faults.ts";
import type { Prepared } from "./rows.ts";
import { defaultShares, requireShares } from "./shares.ts";

const fault = (row: number, outcome: RowFault["outcome"], change: Partial<RowFault> = {}): RowFault => ({
  row,
  column: outcome === "rejected" ? "id" : "age",
  outcome,
  reason: outcome === "rejected" ? "duplicate-identifier" : "missing-value",
  ...change,
});

/** A file of so many rows, of which some are left out and some are without an age. */
function prepared(read: number, leftOut: number, emptied = 0): Prepared {
  const faults = [
    ...Array.from({ length: leftOut }, (_, index) => fault(index + 1, "rejected")),
    ...Array.from({ length: emptied }, (_, index) => fault(leftOut + index + 1, "defaulted")),
  ];
  const rows = Array.from({ length: read - leftOut }, (_, index) => ({
    row: leftOut + index + 1,
    identifier: Buffer.from(String(index)),
    values: [null],
  }));
  return { read, rows, faults };
}

const leftOut = { code: "ROWS_LEFT_OUT" };

test("a tenth of the rows may be left out unless it is said otherwise, and not one more", () => {
  requireShares(prepared(100, 10), defaultShares);
  assert.throws(() => {
    requireShares(prepared(100, 11), defaultShares);
  }, leftOut);
  requireShares(prepared(100, 11), { ...defaultShares, leftOut: 0.11 });
  requireShares(prepared(100, 99), { leftOut: 1, emptied: 1 });
});

test("half of a column may be without values of its own, by those of the rows that stay", () => {
  requireShares(prepared(100, 10, 45), defaultShares);
  assert.throws(() => {
    requireShares(prepared(100, 10, 46), defaultShares);
  }, leftOut);
  requireShares(prepared(100, 0, 100), { ...defaultShares, emptied: 1 });
});

test("each column is judged by itself", () => {
  const { faults, ...file } = prepared(100, 0, 40);
  const other = faults.map((one) => ({ ...one, column: "town" }));
  requireShares({ ...file, faults: [...faults, ...other] }, defaultShares);
});

test("the refusal says how many, which share, why, and in which rows, of which it names ten", () => {
  assert.throws(
    () => {
      requireShares(prepared(3000, 2976), defaultShares);
    },
    {
      message:
        "2976 of the file's 3000 rows would be left out (99.2 %), more than 10 %: " +
        "2976 for id: duplicate identifier, in rows 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, …. Nothing was sent.",
    },
  );
});

test("reasons are told by column and reason", () => {
  const faults = [
    fault(1, "rejected"),
    fault(2, "rejected", { reason: "missing-identifier" }),
    fault(2, "defaulted"),
    fault(3, "rejected"),
  ];
  assert.deepEqual(reasonsOf(faults, "rejected"), [
    "2 for id: duplicate identifier, in rows 1, 3",
    "1 for id: missing identifier, in rows 2",
  ]);
  assert.deepEqual(reasonsOf(faults, "defaulted"), ["1 for age: missing value, in rows 2"]);
});
