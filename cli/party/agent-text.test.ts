import assert from "node:assert/strict";
import { test } from "node:test";
import { agentText, courseText } from "./agent-text.ts";

const phase = "blind";

test("what goes on is told with its rate and the time left", () => {
  const told = courseText({ phase, done: 1200, total: 5000, perSecond: 1000 });
  assert.equal(told, "1200 of 5000 identifiers blinded (1000/s, 0:04 left)");
});

test("without a total or a rate there is no time left to tell", () => {
  assert.equal(courseText({ phase: "read", done: 7, total: null, perSecond: 14 }), "7 rows read (14/s)");
  assert.equal(
    courseText({ phase, done: 0, total: 5000, perSecond: 0 }),
    "0 of 5000 identifiers blinded (0/s)",
  );
});

test("at the end nothing is left", () => {
  const told = courseText({ phase, done: 5000, total: 5000, perSecond: 1000 });
  assert.equal(told, "5000 of 5000 identifiers blinded (1000/s, 0:00 left)");
});

test("a long time is told in minutes and seconds", () => {
  const left = (total: number): string => courseText({ phase, done: 0, total, perSecond: 1 });
  assert.match(left(59), /0:59 left/);
  assert.match(left(60), /1:00 left/);
  assert.match(left(7_265), /121:05 left/);
});

test("what stays is a phase's end, a wait, and the provider's own rows", () => {
  assert.equal(agentText({ phase, done: 1, total: 5, perSecond: 1 }), undefined);
  assert.equal(agentText({ phase, done: 1, total: null, perSecond: 1 }), undefined);
  assert.equal(agentText({ phase, done: 5, total: 5, perSecond: 2 }), "5 identifiers blinded (2/s)");
  assert.equal(agentText({ phase, waiting: "an answer" }), "blind waits for an answer");
  assert.equal(agentText({ note: "an earlier push was interrupted" }), "an earlier push was interrupted");
  assert.equal(agentText({ pushed: 5 }), "told of its own rows: nothing amiss");
  assert.equal(
    agentText({ pushed: 5, rejected: { "no-id": 2 }, defaulted: { age: { "missing-value": 1 } } }),
    "told of its own rows: 2 left out (no id); 1 kept without a value or as other (age: missing value)",
  );
});
