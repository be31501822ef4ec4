/**
 * The long form of the stack's fault tests: random faults on every process of a stack, for as long as
 * `./pavilion test --faults --minutes N` says, under requests, pushes and hostile records, and then the count to the last
 * record. The seed repeats which faults are chosen; whom they meet is a matter of timing.
 */
import assert from "node:assert/strict";
import { appendFileSync } from "node:fs";
import { setTimeout as sleep } from "node:timers/promises";
import { after, before, test } from "node:test";
import { StackRun } from "../stack/stack-run.ts";

const minutes = Number(process.env.PAVILION_FAULTS_MINUTES ?? "30");
const seed = Number(process.env.PAVILION_FAULTS_SEED ?? "1");
const progressFile = process.env.PAVILION_FAULTS_PROGRESS;
const sayEveryMs = 5_000;
const pace = { requestMs: 10_000, pushMs: 15_000, hostileMs: 1_500 };
const ageWithin = 2;

let run: StackRun;
let started: StackRun | undefined;

const say = (line: string): void => {
  if (progressFile !== undefined) appendFileSync(progressFile, `${line}\n`);
};

before(async () => {
  run = started = await StackRun.start(seed);
});

after(async () => {
  await started?.stop();
});

test(`${String(minutes)} minutes of faults on every process of a stack, hostile records among its load: all adds up`, async () => {
  const telling = setInterval(() => {
    say(run.stand);
  }, sayEveryMs);
  try {
    run.startLoads(pace);
    const end = performance.now() + minutes * 60_000;
    while (performance.now() < end) {
      await run.faults.doOne();
      await sleep(run.faults.pauseMs());
    }
    say(`${run.stand}; counting`);
    const { requests, answers, hostile, letters, problems, age, meanAge, tally, pushes } = await run.finish();
    const done = [...tally].map(([name, times]) => `${name} ${String(times)}`).join(", ");
    say(
      `${String(requests)} requests, ${String(answers)} charged; ${String(hostile)} hostile records, ` +
        `${String(letters)} dead letters; ${pushes}; hit: ${done}`,
    );
    assert.deepEqual(problems, [], `seed ${String(seed)}`);
    assert.ok(Math.abs((meanAge ?? NaN) - age) < ageWithin, `${String(meanAge)} for ${String(age)}`);
  } finally {
    clearInterval(telling);
  }
});
