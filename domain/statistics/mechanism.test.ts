import assert from "node:assert/strict";
import { test } from "node:test";
import fc from "fast-check";
import { parseFraction } from "../../crypto/fraction/fraction.ts";
import type { Plan } from "../../schemas/avro/index.ts";
import { planAt } from "../../test/stage-plan.ts";
import { deltaOf, scalesFor, scalesOf, widthsOf } from "./mechanism.ts";

type Mechanism = Pick<Plan, "epsilon" | "groupings" | "statistics">;

function mechanism(epsilon: string, groupings: number, ...sensitivities: number[]): Mechanism {
  const [count] = planAt().statistics;
  const [total] = planAt().groupings;
  assert.ok(count && total);
  return {
    epsilon,
    groupings: Array.from({ length: groupings }, () => total),
    statistics: sensitivities.map((sensitivity) => ({ ...count, sensitivity })),
  };
}

const arbitraryMechanism = fc
  .record({
    over: fc.integer({ min: 1, max: 1000 }),
    under: fc.integer({ min: 100, max: 1000 }),
    groupings: fc.integer({ min: 1, max: 4 }),
    sensitivities: fc.array(fc.integer({ min: 1, max: 10_000 }), { minLength: 1, maxLength: 5 }),
  })
  .map(({ over, under, groupings, sensitivities }) =>
    mechanism(`${String(over)}/${String(under)}`, groupings, ...sensitivities),
  );

const numberOf = (text: string): number => {
  const { numerator, denominator } = parseFraction(text);
  return Number(numerator) / Number(denominator);
};

test("the scale is sensitivity times groupings times statistics over epsilon, exactly", () => {
  assert.deepEqual(scalesFor(mechanism("1/2", 2, 1, 100)), ["8", "800"]);
  assert.deepEqual(scalesFor(mechanism("2/3", 1, 5)), ["15/2"]);
  assert.deepEqual(scalesFor(mechanism("1/3", 3, 1, 7)), ["18", "126"]);
  assert.deepEqual(scalesFor(mechanism("3", 1, 1, 1)), ["2/3", "2/3"]);
});

test("all shares together are the epsilon that is paid", () => {
  fc.assert(
    fc.property(arbitraryMechanism, (plan) => {
      const share = scalesOf(plan).map(
        ({ numerator, denominator }, index) =>
          ((plan.statistics[index]?.sensitivity ?? 0) * Number(denominator)) / Number(numerator),
      );
      const spent = share.reduce((sum, one) => sum + one, 0) * plan.groupings.length;
      assert.ok(Math.abs(spent / numberOf(plan.epsilon) - 1) < 1e-12);
    }),
  );
});

/** P(|X| > k) = 2 q^(k+1) / (1 + q) with q = e^(-1/t), as the logarithm to base 2. */
const tailBits = (k: number, t: number): number =>
  1 - (k + 1) / t / Math.LN2 - Math.log2(1 + Math.exp(-1 / t));

test("the width is the least that a draw exceeds with a chance of at most 2^-100", () => {
  fc.assert(
    fc.property(arbitraryMechanism, (plan) => {
      const widths = widthsOf(plan);
      for (const [index, { numerator, denominator }] of scalesOf(plan).entries()) {
        const scale = Number(numerator) / Number(denominator);
        const width = Number(widths[index]);
        assert.ok(tailBits(width, scale) <= -100 + 1e-9);
        assert.ok(width === 0 || tailBits(width - 1, scale) > -100 - 1e-9);
      }
    }),
    { numRuns: 30 },
  );
});

test("equal scales have equal widths, and a smaller epsilon never a smaller one", () => {
  const [one, two, other] = widthsOf(mechanism("1/2", 1, 3, 3, 4));
  assert.equal(one, two);
  assert.ok(other !== undefined && one !== undefined && other > one);
  const [wider] = widthsOf(mechanism("1/4", 1, 3, 3, 4));
  assert.ok(wider !== undefined && wider > one);
});

test("delta is a fraction, three times the pairs times 2^-99 for an epsilon of at most one a pair", () => {
  const two = (power: bigint): string => String(2n ** power);
  // Two groupings and two statistics: 4 · 3 / 2^99.
  assert.equal(deltaOf(mechanism("1/2", 2, 1, 100)), `3/${two(97n)}`);
  assert.equal(deltaOf(mechanism("1", 1, 1)), `3/${two(99n)}`);
  assert.equal(deltaOf(mechanism("2", 1, 1)), `9/${two(99n)}`);
  assert.equal(deltaOf(mechanism("21/10", 1, 1)), `27/${two(99n)}`);
  assert.equal(deltaOf(mechanism("7", 1, 1, 1)), `${String((2n * 81n) / 2n)}/${two(98n)}`);
});

test("delta covers what one person's presence makes possible at the width's ends, for all pairs together", () => {
  fc.assert(
    fc.property(arbitraryMechanism, (plan) => {
      const widths = widthsOf(plan);
      const chances = scalesOf(plan).map(({ numerator, denominator }, index) => {
        const t = Number(numerator) / Number(denominator);
        const width = Number(widths[index]);
        const { sensitivity = 0 } = plan.statistics[index] ?? {};
        // A draw in the last Δ at one end, among all that lie within the width.
        const from = Math.max(width - sensitivity, -width - 1);
        return 2 ** (tailBits(from, t) - 1) - 2 ** (tailBits(width, t) - 1);
      });
      const all = chances.reduce((sum, chance) => sum + chance, 0) * plan.groupings.length;
      const stated = numberOf(deltaOf(plan));
      assert.ok(all <= stated, `${String(all)} above ${String(stated)}`);
    }),
    { numRuns: 30 },
  );
});

test("delta stays negligible at every epsilon that is sold: below 2^-80", () => {
  assert.ok(numberOf(deltaOf(mechanism("10", 1, 1))) < 2 ** -80);
  assert.ok(numberOf(deltaOf(mechanism("10", 4, ...Array.from({ length: 17 }, () => 1)))) < 2 ** -80);
});

test("delta is never above one, and an epsilon of any size has one", () => {
  assert.equal(deltaOf(mechanism("63", 1, 1)), "1");
  assert.equal(deltaOf(mechanism("62", 1, 1)), `${String(3n ** 62n)}/${String(2n ** 99n)}`);
  assert.equal(deltaOf(mechanism("122", 1, 1, 1)), `${String(3n ** 61n)}/${String(2n ** 98n)}`);
  assert.equal(deltaOf(mechanism("124", 1, 1, 1)), "1");
  assert.equal(deltaOf(mechanism("999999999", 1, 1)), "1");
});
