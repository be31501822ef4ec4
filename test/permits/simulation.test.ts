import assert from "node:assert/strict";
import { test } from "node:test";
import { run } from "../../simulation/scenario.ts";
import { scenario } from "./simulation/scenario.ts";

const seeds = Array.from({ length: 30 }, (_, index) => index + 1);
const mutantSeedsMax = 60;

test("whatever fails, each request has one reply, and is logged once where it is granted", async () => {
  for (const seed of seeds) {
    const { violations } = await run(scenario, seed);
    assert.deepEqual(violations, [], `seed ${String(seed)}`);
  }
});

for (const { name, does } of scenario.mutants) {
  test(`${name}: it is found out that ${does}`, async () => {
    for (let seed = 1; seed <= mutantSeedsMax; seed++) {
      const { violations } = await run(scenario, seed, name);
      if (violations.length > 0) return;
    }
    assert.fail("no seed catches it");
  });
}
