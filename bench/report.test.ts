import assert from "node:assert/strict";
import { test } from "node:test";
import { jsonLine, machineText, rowLines, rowOf } from "./report.ts";

const slower = {
  what: "seven hops, p50",
  unit: "ms",
  ours: 30,
  reference: 100,
  referenceName: "another runtime",
} as const;

test("the ratio is ours by the reference's, held against an upper goal", () => {
  const row = rowOf({ ...slower, goal: { atMost: 0.4 } });
  assert.deepEqual(row, { ...slower, ratio: 0.3, goal: "<=0.4", met: true });
  assert.equal(rowOf({ ...slower, goal: { atMost: 0.29 } }).met, false);
});

test("a lower goal is met from the goal up", () => {
  const rate = { ...slower, unit: "records/s", ours: 700, reference: 1000 };
  assert.deepEqual(rowOf({ ...rate, goal: { atLeast: 0.7 } }), {
    ...{ ...rate, ratio: 0.7, goal: ">=0.7", met: true },
  });
  assert.equal(rowOf({ ...rate, goal: { atLeast: 0.71 } }).met, false);
});

test("rounding makes no goal met", () => {
  const row = rowOf({ ...slower, ours: 40.01, goal: { atMost: 0.4 } });
  assert.equal(row.ratio, 0.4);
  assert.equal(row.met, false);
});

test("--json is one line with the bench, the machine and the rows", () => {
  const rows = [rowOf({ ...slower, goal: { atMost: 0.4 } })];
  const line = jsonLine("hops", machineText(), rows);
  assert.ok(!line.includes("\n"));
  const report = JSON.parse(line) as Record<string, unknown>;
  assert.deepEqual(Object.keys(report), ["bench", "machine", "rows"]);
  assert.deepEqual(report.rows, rows);
});

test("a line says both figures, and whether the goal is met", () => {
  assert.deepEqual(rowLines([rowOf({ ...slower, goal: { atMost: 0.2 } })]), [
    "missed seven hops, p50: 30 ms against 100 of another runtime; ratio 0.3, goal <=0.2",
  ]);
});

test("a figure without a goal is told, and neither met nor missed", () => {
  const row = rowOf({ ...slower, goal: null });
  assert.deepEqual(row, { ...slower, ratio: 0.3, goal: null, met: null });
  assert.deepEqual(rowLines([row]), [
    "told   seven hops, p50: 30 ms against 100 of another runtime; ratio 0.3, goal none",
  ]);
});
