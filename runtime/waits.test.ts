import assert from "node:assert/strict";
import { test } from "node:test";
import { secondsIn, timerMs, WAIT_SECONDS_MAX } from "./waits.ts";

test("seconds are plain decimal numbers that a timer can wait", () => {
  assert.equal(secondsIn("300"), 300);
  assert.equal(secondsIn("0.5"), 0.5);
  assert.equal(secondsIn(String(WAIT_SECONDS_MAX)), WAIT_SECONDS_MAX);
  for (const text of [
    ...["2147484", "3000000", "999999999999", "1e9", "Infinity", "NaN", "0x10"],
    ...["0", "0.000", "-1", "", " ", "2,5", "1 000", "1.000.000", "٣٠", "5s", "soon"],
  ]) {
    assert.equal(secondsIn(text), undefined, text);
  }
});

test("no wait is longer than a timer's, nor fires before its time for being long", async () => {
  for (const long of [2 ** 31, 3_000_000_000, Number.MAX_VALUE, Infinity]) {
    const timer = setTimeout(() => {
      assert.fail("it fired");
    }, timerMs(long));
    await new Promise((resolve) => setTimeout(resolve, 5));
    clearTimeout(timer);
  }
  assert.deepEqual([-5, 0, 7].map(timerMs), [0, 0, 7]);
});
