import assert from "node:assert/strict";
import { test } from "node:test";
import { sendTimes } from "./pace.ts";

test("sends as many as asked, in the time that was asked", () => {
  for (const rate of [10, 50]) {
    const times = sendTimes(rate, 20);
    assert.equal(times.length, rate * 20);
    assert.ok(Math.abs((times.at(-1) ?? 0) - 20_000) < 1000 / rate);
  }
});

test("keeps to no step: where sends fall within any 100 ms is spread evenly", () => {
  const phases = sendTimes(10, 20).map((at) => at % 100);
  const tenths = Array.from(
    { length: 10 },
    (_, tenth) => phases.filter((at) => Math.floor(at / 10) === tenth).length,
  );
  assert.ok(Math.min(...tenths) >= 10 && Math.max(...tenths) <= 30, String(tenths));
});
