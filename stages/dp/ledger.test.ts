import assert from "node:assert/strict";
import { describe, test } from "node:test";
import fc from "fast-check";
import { addFractions, formatFraction, parseFraction } from "../../crypto/fraction/fraction.ts";
import { parseDocument } from "../../schemas/reading/validate.ts";
import { deltaOf, greatestDelta } from "../../domain/statistics/mechanism.ts";
import type { BudgetState, LogLeaf, Plan } from "../../schemas/avro/index.ts";
import { issuedAt } from "../../test/stage-question.ts";
import { oddIds } from "../../test/odd-names.ts";
import { MemoryState } from "../../test/stage-state.ts";
import { SPENDS } from "./earlier-ledger.ts";
import {
  aggregate,
  DAY_MS,
  emptyCells,
  handle,
  outputsOf,
  plan,
  releasedIn,
  spend,
} from "../../test/stage-aggregate.ts";
import { hasPaid } from "./ledger.ts";

/** A home's share of ε, in total and within 30 days, and of δ. */
const budget = (epsilon: string, window: string, delta = "1/1000000000"): Partial<Plan> => ({
  budgetTotal: epsilon,
  budgetDelta: delta,
  budgetWindows: [{ days: 30, epsilon: window, delta }],
});

test("three thirds are one, exactly, and then nothing is left", async () => {
  const state = new MemoryState();
  const thirds = { epsilon: "1/3", ...budget("1", "1") };
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
  const tenths = { epsilon: "1/10", ...budget("1", "1") };
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
    [...state.entries("charges")].map(([key]) => key),
    ["adults/2"],
  );
  assert.equal([...state.entries("paid")].length, 1);
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
  const outcome = await handle(await aggregate(2, budget("1", "2")), state);
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
    restarted = restarted.restored();
    const exact = await aggregate(number % 4, thirds);
    assert.deepEqual(await handle(exact, restarted), await handle(exact, whole));
  }
  assert.deepEqual(restarted.snapshot(), whole.snapshot());
});

describe("δ is spent as ε is", () => {
  const each = parseFraction(deltaOf(plan));
  const twice = formatFraction(addFractions(each, each));

  test("and the question that would take more than is left of it is refused, naming what is left", async () => {
    const state = new MemoryState();
    const two = { epsilon: "1/2", ...budget("4", "4", twice) };
    const first = await spend(1, two, state);
    assert.ok(typeof first === "object");
    assert.deepEqual(
      [first.delta, first.deltaTotal, first.deltaLeft],
      [deltaOf(plan), deltaOf(plan), deltaOf(plan)],
    );
    const second = await spend(2, two, state);
    assert.ok(typeof second === "object");
    assert.deepEqual([second.deltaTotal, second.deltaLeft], [twice, "0"]);
    const outcome = await handle(await aggregate(3, two), state);
    assert.ok(outcome.kind === "publish");
    assert.equal(outcome.refusals[0]?.code, "BUDGET_EXHAUSTED");
    assert.match(outcome.refusals[0].detail, /takes a delta of 1\.89e-29; the population has 0\.00 left/);
  });

  test("within its windows too, which slide", async () => {
    const state = new MemoryState();
    const delta = "1/1000000000";
    const tight = {
      epsilon: "1/2",
      budgetWindows: [{ days: 30, epsilon: "4", delta: deltaOf(plan) }],
      budgetDelta: delta,
    };
    assert.equal(typeof (await spend(1, tight, state)), "object");
    assert.equal(await spend(2, tight, state, issuedAt + 29 * DAY_MS), "BUDGET_EXHAUSTED");
    assert.equal(typeof (await spend(3, tight, state, issuedAt + 30 * DAY_MS)), "object");
  });
});

test("every window counts, however many, and a version of the document may bring others", async () => {
  const state = new MemoryState();
  const delta = "1/1000000000";
  const windows = [
    { days: 1, epsilon: "1/2", delta },
    { days: 7, epsilon: "1", delta },
  ];
  const terms = { epsilon: "1/2", budgetWindows: windows };
  const at = (days: number): number => issuedAt + days * DAY_MS;
  assert.equal(typeof (await spend(1, terms, state, at(0))), "object");
  assert.equal(await spend(2, terms, state, at(0.5)), "BUDGET_EXHAUSTED");
  assert.equal(typeof (await spend(3, terms, state, at(1))), "object");
  assert.equal(await spend(4, terms, state, at(6)), "BUDGET_EXHAUSTED");
  assert.equal(typeof (await spend(5, terms, state, at(7))), "object");
  // 3/2 were spent within the last 30 days, which no window counted so far.
  const later = { ...terms, populationVersion: 2, populationDigest: "dd".repeat(32) };
  const month = (epsilon: string) => ({ ...later, budgetWindows: [{ days: 30, epsilon, delta }] });
  assert.equal(await spend(6, month("19/10"), state, at(8)), "BUDGET_EXHAUSTED");
  assert.equal(typeof (await spend(7, month("2"), state, at(8))), "object");
});

test("the sums that windows keep are what adding up all of the charges gives, whatever the clock does", async () => {
  const moves = fc.array(fc.tuple(fc.integer({ min: -40, max: 60 }), fc.integer({ min: 1, max: 8 })), {
    maxLength: 14,
  });
  await fc.assert(
    fc.asyncProperty(moves, async (spends) => {
      const state = new MemoryState();
      const charged: { time: number; eighths: number }[] = [];
      let clock = issuedAt;
      let latest = 0;
      for (const [number, [days, eighths]] of spends.entries()) {
        clock += days * DAY_MS;
        // A clock that steps back behind the last charge stands still there.
        const now = Math.max(latest, clock);
        const within = charged.filter(({ time }) => time > now - 30 * DAY_MS);
        const left = 16 - within.reduce((sum, one) => sum + one.eighths, 0);
        const paid = await spend(
          number,
          { epsilon: `${String(eighths)}/8`, ...budget("999", "2") },
          state,
          clock,
        );
        assert.equal(typeof paid === "object", eighths <= left);
        if (typeof paid !== "object") continue;
        charged.push({ time: now, eighths });
        latest = now;
      }
    }),
    { numRuns: 60 },
  );
});

describe("a version of the population's document", () => {
  const second = { populationVersion: 2, populationDigest: "dd".repeat(32) };

  test("that lowers the budget counts from its first spend on; none is charged under the one before any more", async () => {
    const state = new MemoryState();
    assert.equal(typeof (await spend(1, { epsilon: "1" }, state)), "object");
    assert.equal(
      await spend(2, { epsilon: "1", ...second, ...budget("3/2", "2") }, state),
      "BUDGET_EXHAUSTED",
    );
    assert.equal(
      typeof (await spend(3, { epsilon: "1/2", ...second, ...budget("3/2", "2") }, state)),
      "object",
    );
    assert.equal(await spend(4, { epsilon: "1/1000" }, state), "STALE_POPULATION");
  });

  test("that raises the budget counts what was spent before", async () => {
    const state = new MemoryState();
    assert.equal(typeof (await spend(1, { epsilon: "2" }, state)), "object");
    const paid = await spend(2, { epsilon: "1", ...second, ...budget("5", "3") }, state);
    assert.ok(typeof paid === "object");
    assert.deepEqual([paid.sequence, paid.total, paid.left], [2, "3", "0"]);
  });

  test("is one: another of the same number is none, nor is a plan from before there were any", async () => {
    const state = new MemoryState();
    assert.equal(typeof (await spend(1, {}, state)), "object");
    assert.equal(await spend(2, { populationDigest: "ee".repeat(32) }, state), "STALE_POPULATION");
    const none = { populationVersion: 0, populationDigest: "" };
    assert.equal(await spend(3, none, new MemoryState()), "STALE_POPULATION");
  });
});

describe("what was spent before the population was a document", () => {
  /** As the ledger kept it then. */
  const earlier = (): MemoryState => {
    const state = new MemoryState();
    const kept = (key: string, epsilon: string, days: number) => {
      const time = issuedAt - days * DAY_MS;
      return SPENDS.put(key, { epsilon, time, digest: key });
    };
    state.apply([
      { table: "ledger", key: "people", value: { sequence: 2, total: "5/4", leaf: "aa".repeat(32) } },
      kept("people/1", "1", 40),
      kept("people/2", "1/4", 10),
      { table: "ledger", key: "adults", value: { sequence: 1, total: "1/2", leaf: "bb".repeat(32) } },
      kept("adults/1", "1/2", 20),
      { table: "ledger", key: "cars", value: { sequence: 9, total: "9", leaf: "cc".repeat(32) } },
    ]);
    return state;
  };
  const carried = ["adults", "nobody", "people"];

  test("is taken over by its first spend: total and windows count it, the leaf says so, and an audit event", async () => {
    const state = earlier();
    const outcome = await handle(await aggregate(1, { carried }), state);
    const { spend: paid } = releasedIn(outcome);
    assert.deepEqual([paid.sequence, paid.epsilon, paid.total], [1, "1/2", "9/4"]);
    // 4 in total, 2 within 30 days: of 7/4 that is left of the one, and 3/4 of the other.
    assert.equal(paid.left, "3/4");
    const leaf = parseDocument("spend-leaf", (outputsOf(outcome, "proofs.pending")[0] as LogLeaf).text);
    assert.deepEqual([leaf.previous, leaf.total], [null, "9/4"]);
    const bound = (...epsilons: string[]): string =>
      formatFraction(epsilons.map((one) => parseFraction(greatestDelta(one))).reduce(addFractions));
    assert.deepEqual(leaf.carried, [
      { population: "adults", sequence: 1, epsilon: "1/2", delta: bound("1/2"), leaf: "bb".repeat(32) },
      { population: "people", sequence: 2, epsilon: "5/4", delta: bound("1", "1/4"), leaf: "aa".repeat(32) },
    ]);
    assert.deepEqual(
      outcome.audit.map(({ action, details }) => [action, details?.from]),
      [
        ["budget.carried", "adults"],
        ["budget.carried", "people"],
        ["budget.spent", undefined],
      ],
    );
  });

  test("is taken over once, and goes on sliding out of the windows", async () => {
    const state = earlier();
    assert.equal(typeof (await spend(1, { carried }, state)), "object");
    const second = await spend(2, { carried, epsilon: "3/4" }, state);
    assert.ok(typeof second === "object");
    assert.deepEqual([second.sequence, second.total, second.left], [2, "3", "0"]);
    assert.equal(await spend(3, { carried, epsilon: "1/2" }, state), "BUDGET_EXHAUSTED");
    const third = await spend(4, { carried, epsilon: "1/2" }, state, issuedAt + 10 * DAY_MS);
    assert.equal(typeof third, "object");
  });

  test("bounds a refusal as it bounds a spend, and leaves the earlier accounts as they are", async () => {
    const state = earlier();
    assert.equal(await spend(1, { carried, epsilon: "3/2" }, state), "BUDGET_EXHAUSTED");
    assert.deepEqual(state.snapshot(), earlier().snapshot());
    await spend(2, { carried }, state);
    assert.deepEqual(state.get("ledger", "people"), earlier().get("ledger", "people"));
    assert.equal(hasPaid("people/1", state), true);
    assert.equal(hasPaid("people/9", state), false);
  });
});

test("each population has its own budget, whatever it is called", async () => {
  const state = new MemoryState();
  for (const [number, population] of oddIds.entries()) {
    const terms = { population, ...budget("2", "2") };
    assert.equal(typeof (await spend(2 * number, { ...terms, epsilon: "2" }, state)), "object", population);
    const more = await spend(2 * number + 1, { ...terms, epsilon: "1/1000" }, state);
    assert.equal(more, "BUDGET_EXHAUSTED", population);
  }
});

test("with every charge the ledger tells where the budget stands, which is what a population's readers look up", async () => {
  const state = new MemoryState();
  await handle(await aggregate(1), state);
  const outcome = await handle(await aggregate(2), state, issuedAt + 5_000);
  const [standing] = outputsOf(outcome, "budget.states") as BudgetState[];
  const delta = formatFraction(addFractions(parseFraction(deltaOf(plan)), parseFraction(deltaOf(plan))));
  assert.deepEqual(standing, {
    ...{ population: "adults", version: plan.populationVersion, digest: plan.populationDigest },
    ...{ sequence: 2, time: issuedAt + 5_000, epsilon: "1", delta },
    windows: plan.budgetWindows.map(({ days }) => ({ days, epsilon: "1", delta })),
  });
  assert.deepEqual(outputsOf(await handle(await aggregate(2), state), "budget.states"), []);
});
