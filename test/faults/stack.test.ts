/**
 * The short form of the stack's fault tests: each process of a stack killed in turn, and in the end all at once, under
 * requests, pushes and hostile records; and the count to the last record.
 */
import assert from "node:assert/strict";
import { setTimeout as sleep } from "node:timers/promises";
import { after, before, test } from "node:test";
import { StackRun } from "./stack/stack-run.ts";

const seed = 1;
const pace = { requestMs: 6_000, pushMs: 10_000, hostileMs: 500 };
const victims = [
  "the connector of eu-central",
  "the agent of clinic",
  "the agent of insurer",
  "the schema registry",
  "the chain",
  "Kafka",
];
const pauseMs = 4_000;
const ageWithin = 2;

let run: StackRun;
let started: StackRun | undefined;

before(async () => {
  run = started = await StackRun.start(seed);
});

after(async () => {
  await started?.stop();
});

test("each process killed in turn, then all of them, hostile records among the load: all adds up", async () => {
  run.startLoads(pace);
  for (const victim of victims) {
    await sleep(pauseMs);
    run.faults.killNamed(victim);
  }
  await sleep(pauseMs);
  await run.faults.killEverything();
  const { problems, age, meanAge, tally, hostile, answers } = await run.finish();
  assert.deepEqual(
    [...victims, "the supervisor"].filter((name) => !tally.has(name)),
    [],
  );
  assert.ok(hostile > 0 && answers > 0);
  assert.deepEqual(problems, []);
  assert.ok(Math.abs((meanAge ?? NaN) - age) < ageWithin, `${String(meanAge)} for ${String(age)}`);
});
