import assert from "node:assert/strict";
import { test } from "node:test";
import { pipelines } from "../pipelines/pipelines.ts";
import { run } from "./scenario.ts";
import { scenarios } from "./scenarios.ts";

/** A short form of `./pavilion simulate`, which plays thousands; and every seed that ever found a defect. */
const seeds = Array.from({ length: 30 }, (_, index) => index + 1);
const mutantSeedsMax = 40;

test("every pipeline is played", () => {
  const played = new Set([...scenarios.values()].flatMap((scenario) => scenario.pipelines));
  assert.deepEqual(
    pipelines.filter((pipeline) => !played.has(pipeline)).map(({ name }) => name),
    [],
  );
});

for (const [pipeline, scenario] of scenarios) {
  test(`${pipeline}: whatever fails, everything holds that must`, async () => {
    for (const seed of seeds) {
      const { violations } = await run(scenario, seed);
      assert.deepEqual(violations, [], `seed ${String(seed)}`);
    }
  });

  test(`${pipeline}: a seed gives one run`, async () => {
    const [one, other] = [await run(scenario, 11), await run(scenario, 11)];
    assert.deepEqual(one, other);
    assert.notEqual(one.trace, (await run(scenario, 12)).trace);
  });

  for (const { name, does } of scenario.mutants) {
    test(`${pipeline}, ${name}: it is found out that ${does}`, async () => {
      for (let seed = 1; seed <= mutantSeedsMax; seed++) {
        const { violations } = await run(scenario, seed, name);
        if (violations.length > 0) return;
      }
      assert.fail("no seed catches it");
    });
  }
}
