/**
 * What the proof of a release is handed, and how the noise in it follows from the seed.
 */
import assert from "node:assert/strict";
import { test } from "node:test";
import fc from "fast-check";
import { widthsOf } from "../../domain/statistics/mechanism.ts";
import type { Plan, ReleaseWitness } from "../../schemas/avro/index.ts";
import {
  aggregate,
  cells,
  handle,
  matchLeaf,
  noisesIn,
  outputsOf,
  plan,
  releasedIn,
  statisticsIn,
} from "../../test/stage-aggregate.ts";
import { seedRef } from "../../domain/log/testing/seeds.ts";
import { MemoryState } from "../../test/stage-state.ts";

const open: Partial<Plan> = { minimumGroup: -1_000_000_000 };

async function released(number: number, change: Partial<Plan> = {}) {
  const outcome = await handle(await aggregate(number, change), new MemoryState());
  const [witness, ...more] = outputsOf(outcome, "dp.witnesses") as ReleaseWitness[];
  assert.ok(witness);
  assert.deepEqual(more, []);
  return { witness, event: releasedIn(outcome) };
}

test("a witness has the exact cells with their blindings, and what left of each, in the plan's order", async () => {
  const exact = await aggregate();
  const outcome = await handle({ ...exact, cells: cells.toReversed() }, new MemoryState());
  const [witness] = outputsOf(outcome, "dp.witnesses");
  const { request, plan: own } = exact;
  const { cells: left } = releasedIn(outcome);
  assert.deepEqual(witness, { request, plan: own, exact: cells, released: left, matchLeaf });
});

test("a suppressed group's values are neither in the release nor in what the witness says was released", async () => {
  // Which groups are small follows from the noised count; without a minimum their values are known.
  for (let number = 0; number < 10; number++) {
    const all = (await released(number, open)).event.cells;
    const { witness, event } = await released(number, { minimumGroup: 450_000 });
    assert.deepEqual(witness.released, event.cells);
    const small = event.cells.flatMap(({ suppressed }, index) => (suppressed ? [index] : []));
    assert.ok(small.length >= 2 && small.length < 4);
    const told = JSON.stringify([event, witness.released]);
    for (const index of small) {
      assert.deepEqual(event.cells[index]?.values, []);
      for (const value of all[index]?.values ?? []) {
        if (Math.abs(value) > 1000) assert.ok(!told.includes(String(value)));
      }
    }
    for (const [index, cell] of event.cells.entries()) {
      if (!cell.suppressed) assert.deepEqual(cell.values, all[index]?.values);
    }
  }
});

test("noise is another under another seed, and the same at a replay", async () => {
  const wide = { ...open, epsilon: "1/1000" };
  const under = async (seed: number): Promise<number[]> =>
    noisesIn((await released(0, { ...wide, seed: seedRef(seed) })).event);
  const [one, two, three] = [await under(1), await under(2), await under(3)];
  assert.deepEqual(await under(1), one);
  const draws = [...one, ...two, ...three];
  assert.equal(draws.length, 24);
  // At scales of thousands two equal draws would be a rare chance.
  assert.ok(new Set(draws).size >= 23);
});

test("noise lies within the plan's width, whatever seed, question and epsilon", async () => {
  const asked = fc.record({
    seed: fc.integer({ min: 1, max: 1000 }),
    number: fc.nat(1000),
    under: fc.integer({ min: 1, max: 1000 }),
  });
  await fc.assert(
    fc.asyncProperty(asked, async ({ seed, number, under }) => {
      const change = { ...open, seed: seedRef(seed), epsilon: `1/${String(under)}`, budgetWindow: "9" };
      const { witness } = await released(number, change);
      const widths = widthsOf(witness.plan);
      for (const [index, { values }] of witness.released.entries()) {
        const exact = statisticsIn(
          witness.exact[index] ?? { grouping: 0, category: 0, sums: [], blinding: Buffer.alloc(0) },
        );
        for (const [at, value] of values.entries()) {
          const noise = BigInt(value) - BigInt(exact[at] ?? Number.NaN);
          const width = widths[at];
          assert.ok(width !== undefined && -width <= noise && noise <= width);
        }
      }
    }),
    { numRuns: 40 },
  );
});

test("the release's scales are those that the noise was drawn at", async () => {
  const { event } = await released(0, { epsilon: "1/5" });
  assert.deepEqual(event.scales, ["20", "2000"]);
  assert.equal(plan.statistics.length * plan.groupings.length, 4);
});
