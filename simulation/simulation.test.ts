import assert from "node:assert/strict";
import { readdirSync } from "node:fs";
import { test } from "node:test";
import { scenarios } from "./scenario.ts";

/** A short form of `./pavilion simulate`, which plays thousands; and every seed that ever found a defect. */
const seeds = Array.from({ length: 30 }, (_, index) => index + 1);
const mutantSeedsMax = 40;

test("every pipeline has a scenario", () => {
  const pipelines = readdirSync(new URL("../pipelines/", import.meta.url));
  assert.deepEqual(scenarios.map(({ pipeline }) => pipeline).sort(), pipelines.sort());
});

for (const { pipeline, mutants, run } of scenarios) {
  test(`${pipeline}: whatever fails, everything holds that must`, async () => {
    for (const seed of seeds) {
      const { violations } = await run(seed);
      assert.deepEqual(violations, [], `seed ${String(seed)}`);
    }
  });

  test(`${pipeline}: a seed gives one run`, async () => {
    const [one, other] = [await run(11), await run(11)];
    assert.deepEqual(one, other);
    assert.notEqual(one.trace, (await run(12)).trace);
  });

  for (const { name, does } of mutants) {
    test(`${pipeline}, ${name}: it is found out that ${does}`, async () => {
      for (let seed = 1; seed <= mutantSeedsMax; seed++) {
        const { violations } = await run(seed, name);
        if (violations.length > 0) return;
      }
      assert.fail("no seed catches it");
    });
  }
}
