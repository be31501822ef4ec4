import assert from "node:assert/strict";
import { test } from "node:test";
import { setTimeout as sleep } from "node:timers/promises";
import type { Log } from "../log.ts";
import { watchLoop } from "./loop-delay.ts";
import { Metrics } from "./metrics.ts";

function hold(milliseconds: number): void {
  const until = performance.now() + milliseconds;
  while (performance.now() < until);
}

/** What is observed and warned of while `act` runs. */
async function watched(act: () => Promise<void>): Promise<{ seconds: number[]; warned: number[] }> {
  const seconds: number[] = [];
  const warned: number[] = [];
  const log = { warn: (keys: { seconds: number }) => void warned.push(keys.seconds) } as unknown as Log;
  const watch = watchLoop((each) => void seconds.push(each), log);
  try {
    await act();
  } finally {
    watch.close();
  }
  return { seconds, warned };
}

test("sees how long a loop was held, and warns of it once a minute", async () => {
  const { seconds, warned } = await watched(async () => {
    for (const held of [400, 600]) {
      await sleep(100);
      hold(held);
      await sleep(1_100);
    }
  });
  // The loop was held for at least as long, and is for longer where the machine is busy.
  assert.ok(seconds.some((each) => each >= 0.39 && each < 0.6));
  assert.ok(seconds.some((each) => each >= 0.59));
  assert.equal(warned.length, 1);
  assert.ok((warned[0] ?? 0) >= 0.39);
});

test("a loop that turns is not held for as long as between two of its turns", async () => {
  const { seconds } = await watched(() => sleep(3_200));
  assert.ok(seconds.length >= 2);
  assert.ok(Math.min(...seconds) < 0.01);
});

test("observes nothing more once it is closed", async () => {
  const { seconds } = await watched(() => Promise.resolve());
  await sleep(1_200);
  assert.deepEqual(seconds, []);
});

test("a second's longest stretch is a sample of the metric", async () => {
  const metrics = new Metrics();
  metrics.loopHeld(0.3);
  const text = await metrics.registry.metrics();
  assert.match(text, /^pavilion_event_loop_held_seconds_bucket\{le="0.25"\} 0$/m);
  assert.match(text, /^pavilion_event_loop_held_seconds_bucket\{le="0.5"\} 1$/m);
});
