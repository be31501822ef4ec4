import assert from "node:assert/strict";
import { test } from "node:test";
import fc from "fast-check";
import { issuedAt } from "../../test/stage-question.ts";
import { MemoryState } from "../../test/stage-state.ts";
import { aggregate, DAY_MS, emptyCells, handle, outputsOf, plan, spend } from "../../test/stage-aggregate.ts";

test("three thirds are one, exactly, and then nothing is left", async () => {
  const state = new MemoryState();
  const thirds = { epsilon: "1/3", budgetTotal: "1", budgetWindow: "1" };
  const lefts: unknown[] = [];
  for (const number of [1, 2, 3]) {
    const paid = await spend(number, thirds, state);
    assert.ok(typeof paid === "object");
    lefts.push([paid.sequence, paid.total, paid.left]);
  }
  assert.deepEqual(lefts, [
    [1, "1/3", "2/3"],
    [2, "2/3", "1/3"],
    [3, "1", "0"],
  ]);
  assert.equal(await spend(4, { ...thirds, epsilon: "1/1000" }, state), "BUDGET_EXHAUSTED");
});

test("ten tenths are one", async () => {
  const state = new MemoryState();
  const tenths = { epsilon: "1/10", budgetTotal: "1", budgetWindow: "1" };
  for (let number = 0; number < 10; number++)
    assert.equal(typeof (await spend(number, tenths, state)), "object");
  assert.equal(await spend(10, tenths, state), "BUDGET_EXHAUSTED");
});

test("a refusal for want of budget names what was asked and left, and changes nothing", async () => {
  const state = new MemoryState();
  await spend(1, { epsilon: "3/2" }, state);
  const before = state.snapshot();
  const outcome = await handle(await aggregate(2, { epsilon: "2/3" }), state);
  assert.ok(outcome.kind === "publish");
  assert.equal(outcome.refusals[0]?.code, "BUDGET_EXHAUSTED");
  assert.match(outcome.refusals[0].detail, /asks for epsilon 2\/3; the population has 1\/2 left/);
  assert.deepEqual([outcome.outputs, state.snapshot()], [[], before]);
});

test("the window slides, the total does not", async () => {
  const state = new MemoryState();
  const window = 30 * DAY_MS;
  const two = { epsilon: "2" };
  assert.equal(typeof (await spend(1, two, state)), "object");
  assert.equal(await spend(2, two, state, issuedAt + window - 1), "BUDGET_EXHAUSTED");
  assert.equal(typeof (await spend(3, two, state, issuedAt + window)), "object");
  assert.equal(await spend(4, { epsilon: "1/1000" }, state, issuedAt + 100 * window), "BUDGET_EXHAUSTED");
});

test("a clock that steps back frees no budget", async () => {
  const state = new MemoryState();
  await spend(1, { epsilon: "2" }, state);
  assert.equal(await spend(2, { epsilon: "1/2" }, state, issuedAt - 1000 * DAY_MS), "BUDGET_EXHAUSTED");
});

test("entries beyond the longest window go, and the total keeps them", async () => {
  const state = new MemoryState();
  await spend(1, {}, state);
  const paid = await spend(2, {}, state, issuedAt + 3650 * DAY_MS);
  assert.ok(typeof paid === "object");
  assert.deepEqual([paid.sequence, paid.total], [2, "1"]);
  assert.deepEqual(
    [...state.entries("spends")].map(([key]) => key),
    ["adults/2"],
  );
});

test("collaborations and tenants share their population's ledger; populations do not share", async () => {
  const state = new MemoryState();
  await spend(1, { epsilon: "2", population: "adults" }, state);
  assert.equal(await spend(2, { population: "adults", collaboration: "other" }, state), "BUDGET_EXHAUSTED");
  assert.equal(typeof (await spend(3, { population: "adults-2" }, state)), "object");
  assert.equal(typeof (await spend(4, { population: "a" }, state)), "object");
});

test("a limit lowered below what is spent leaves nothing, not less than nothing", async () => {
  const state = new MemoryState();
  await spend(1, { epsilon: "2" }, state);
  const outcome = await handle(await aggregate(2, { budgetTotal: "1" }), state);
  assert.ok(outcome.kind === "publish");
  assert.match(outcome.refusals[0]?.detail ?? "", /has 0 left/);
});

test("racing questions pay one after the other: never more than the budget, whatever their order", async () => {
  const epsilons = fc.array(fc.tuple(fc.integer({ min: 1, max: 12 }), fc.integer({ min: 1, max: 12 })), {
    maxLength: 12,
  });
  await fc.assert(
    fc.asyncProperty(epsilons, async (asked) => {
      const state = new MemoryState();
      // In units of 1 / lcm(1..12), as a second way to count.
      const unit = 27_720;
      let left = 2 * unit;
      for (const [number, [dividend, divisor]] of asked.entries()) {
        const cost = (dividend * unit) / divisor;
        const small = { groupings: plan.groupings.slice(0, 1), statistics: plan.statistics.slice(0, 1) };
        const exact = await aggregate(number, {
          ...small,
          epsilon: `${dividend.toString()}/${divisor.toString()}`,
        });
        const outcome = await handle({ ...exact, cells: emptyCells.slice(0, 1) }, state);
        assert.equal(outputsOf(outcome, "dp.released").length === 1, cost <= left);
        if (cost <= left) left -= cost;
      }
    }),
    { numRuns: 40 },
  );
});

test("the ledger survives restarts: state through JSON between any two spends gives the same outcomes", async () => {
  const thirds = { epsilon: "2/3" };
  const whole = new MemoryState();
  let restarted = new MemoryState();
  for (let number = 0; number < 5; number++) {
    const saved = JSON.parse(JSON.stringify(restarted.snapshot())) as [string, string, unknown][];
    restarted = new MemoryState();
    restarted.apply(saved.map(([table, key, value]) => ({ table, key, value })));
    const exact = await aggregate(number % 4, thirds);
    assert.deepEqual(await handle(exact, restarted), await handle(exact, whole));
  }
  assert.deepEqual(restarted.snapshot(), whole.snapshot());
});
