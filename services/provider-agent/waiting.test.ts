import assert from "node:assert/strict";
import { mock, test } from "node:test";
import { Mailbox } from "./mailbox.ts";
import { Progress, type ProgressLine } from "./progress.ts";
import { waitForNext } from "./waiting.ts";

test("a mailbox hands out what arrived, in order, and then the failure", async () => {
  const mailbox = new Mailbox<number>();
  mailbox.put(1);
  mailbox.put(2);
  mailbox.fail(new Error("lost"));
  assert.equal(await mailbox.next(0), 1);
  assert.equal(await mailbox.next(0), 2);
  await assert.rejects(mailbox.next(0), /lost/);
});

test("a mailbox wakes who waits, and lets go of it when the time is up", async () => {
  const mailbox = new Mailbox<string>();
  const waiting = mailbox.next(10_000);
  mailbox.put("here");
  assert.equal(await waiting, "here");
  assert.equal(await mailbox.next(1), undefined);
  const failing = mailbox.next(10_000);
  mailbox.fail(new Error("lost"));
  await assert.rejects(failing, /lost/);
});

test("waiting is said every five seconds, and ends with TIMED_OUT", async () => {
  mock.timers.enable({ apis: ["setTimeout"] });
  let now = 0;
  const clock = mock.method(performance, "now", () => now);
  const said: number[] = [];
  const patience = { timeoutMs: 12_000, whom: "the sender", onWait: (seconds: number) => said.push(seconds) };
  const waiting = waitForNext(new Mailbox(), patience);
  const outcome = assert.rejects(waiting, {
    code: "TIMED_OUT",
    message: "No answer from the sender within 12 s.",
  });
  for (const step of [5_000, 5_000, 2_000]) {
    now += step;
    mock.timers.tick(step);
    await new Promise((resolve) => setImmediate(resolve));
  }
  await outcome;
  assert.deepEqual(said, [5, 10, 12]);
  clock.mock.restore();
  mock.timers.reset();
});

test("progress is told at most twice a second, and at the end", () => {
  let now = 0;
  const lines: ProgressLine[] = [];
  const progress = new Progress(
    (line) => lines.push(line),
    () => now,
  );
  progress.begin("blind");
  for (let done = 100; done <= 1000; done += 100) {
    now += 100;
    progress.update("blind", done, 1000);
  }
  assert.deepEqual(lines, [
    { phase: "blind", done: 100, total: 1000, perSecond: 1000 },
    { phase: "blind", done: 600, total: 1000, perSecond: 1000 },
    { phase: "blind", done: 1000, total: 1000, perSecond: 1000 },
  ]);
});
