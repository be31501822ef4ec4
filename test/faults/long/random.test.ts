/**
 * The long form of the fault tests: random faults under a load that does not stop, one upon another, for as long as
 * `./pavilion test --faults --minutes N` says, and then the count to the last record. The seed repeats which faults are
 * done and when; what they meet is a matter of timing.
 */
import assert from "node:assert/strict";
import { appendFileSync, mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { after, before, test } from "node:test";
import { FaultRig } from "../fault-rig.ts";
import { Faults } from "../random-faults.ts";
import { randomFrom } from "../seeded.ts";

const minutes = Number(process.env.PAVILION_FAULTS_MINUTES ?? "30");
const seed = Number(process.env.PAVILION_FAULTS_SEED ?? "1");
const progressFile = process.env.PAVILION_FAULTS_PROGRESS;
const sayEveryMs = 5_000;

const dir = mkdtempSync(join(tmpdir(), "pavilion-faults-"));
let rig: FaultRig;

const say = (line: string): void => {
  if (progressFile !== undefined) appendFileSync(progressFile, `${line}\n`);
};

before(async () => {
  const workers = ["worker-1", "worker-2", "worker-3"];
  // Load and network draw as they come, so the choice of faults has numbers of its own.
  rig = await FaultRig.start({ dir, random: randomFrom(seed + 1), workers, itemsPerSecond: 40 });
});

after(async () => {
  await rig.stop();
  rmSync(dir, { recursive: true, force: true });
});

test(`${String(minutes)} minutes of random faults under load: none lost, none twice, none torn`, async () => {
  const faults = new Faults(rig, randomFrom(seed));
  const stand = (): string =>
    `${String(rig.in)} in, ${String(rig.out)} out, ${String(faults.done)} faults, last ${faults.last}`;
  const telling = setInterval(() => {
    say(stand());
  }, sayEveryMs);
  try {
    const end = performance.now() + minutes * 60_000;
    while (performance.now() < end) {
      await faults.doOne();
      await sleep(faults.pauseMs());
    }
    await faults.settle();
    await rig.progress();
    say(`${stand()}; counting`);
    const { items, aborted, problems } = await rig.count();
    const done = [...faults.tally].map(([kind, times]) => `${kind} ${String(times)}`).join(", ");
    say(`${String(items)} items counted, ${String(aborted)} records aborted, ${done}`);
    assert.deepEqual(problems, [], `seed ${String(seed)}`);
    assert.ok(items >= rig.in);
  } finally {
    clearInterval(telling);
  }
});
