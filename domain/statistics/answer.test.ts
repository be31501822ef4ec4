import assert from "node:assert/strict";
import { test } from "node:test";
import fc from "fast-check";
import { parseFraction } from "../../crypto/fraction/fraction.ts";
import { errorBound } from "../../crypto/laplace/laplace.ts";
import type { Estimate, ReleasedAggregate } from "../../schemas/avro/index.ts";
import type { Question } from "../../schemas/json/request.ts";
import { measuring, release } from "../../test/stage-release.ts";
import { answerOf } from "./answer.ts";

const at = (scale: string, confidence: string): number =>
  Number(errorBound(parseFraction(scale), parseFraction(confidence)));

const age = { dataset: "people", column: "age" };
const one = (kind: "mean" | "sum"): Question => measuring({ kind, of: age });

/** The total group alone, with these noised count, valid and sum. */
function totalOf(values: number[], change: Partial<ReleasedAggregate> = {}): ReleasedAggregate {
  const plan = { ...release.plan, groupings: release.plan.groupings.slice(0, 1) };
  return { ...release, plan, cells: [{ grouping: 0, category: 0, suppressed: false, values }], ...change };
}

function only(question: Question, released: ReleasedAggregate): Estimate {
  const [estimate] = answerOf(question, released).groups[0]?.estimates ?? [];
  assert.ok(estimate !== undefined);
  return estimate;
}

test("answers every group in the plan's order, every measure in the question's", () => {
  const question = measuring({ kind: "mean", of: age }, { kind: "count" }, { kind: "sum", of: age });
  const { groups, confidence, epsilonSpent, epsilonLeft } = answerOf(question, release);
  assert.deepEqual(
    groups.map(({ grouping, category, suppressed }) => [grouping, category, suppressed]),
    [
      ["total", "", false],
      ["state", "nsw", false],
      ["state", "other", true],
    ],
  );
  assert.deepEqual(
    groups[1]?.estimates.map(({ measure }) => measure),
    ["mean(people.age)", "count", "sum(people.age)"],
  );
  assert.deepEqual([confidence, epsilonSpent, epsilonLeft], ["19/20", "1/2", "3/2"]);
});

test("tells nothing of a suppressed group", () => {
  assert.deepEqual(answerOf(measuring({ kind: "count" }), release).groups[2]?.estimates, []);
});

test("a count has the noise's own interval, negative or not", () => {
  const error = at("12", "19/20");
  for (const count of [1000, 3, -5]) {
    const expected = { measure: "count", value: count, lower: count - error, upper: count + error };
    assert.deepEqual(only(measuring({ kind: "count" }), totalOf([count, count, 0])), expected);
  }
});

test("a sum adds the lower bound back for everybody with a value, and takes both noises", () => {
  const error = at("1200", "39/40") + 16 * at("12", "39/40");
  const expected = {
    measure: "sum(people.age)",
    value: 40_000 + 16 * 800,
    lower: 52_800 - error,
    upper: 52_800 + error,
  };
  assert.deepEqual(only(one("sum"), totalOf([1000, 800, 40_000])), expected);
});

test("a sum from zero takes its own noise alone", () => {
  const { plan } = release;
  const statistics = plan.statistics.map((statistic) => ({ ...statistic, lower: 0 }));
  const released = totalOf([1000, 800, 40_000]);
  const error = at("1200", "19/20");
  const estimate = only(one("sum"), { ...released, plan: { ...released.plan, statistics } });
  assert.deepEqual(
    [estimate.value, estimate.lower, estimate.upper],
    [40_000, 40_000 - error, 40_000 + error],
  );
});

test("a mean divides by those with a value, above the lower bound, to six decimals", () => {
  const { value, lower, upper } = only(one("mean"), totalOf([1000, 700, 40_000]));
  assert.equal(value, 73.142857);
  const [sumError, validError] = [at("1200", "39/40"), at("12", "39/40")];
  assert.ok(lower !== null && upper !== null);
  assert.ok(Math.abs(lower - (16 + (40_000 - sumError) / (700 + validError))) < 1e-6);
  assert.ok(Math.abs(upper - (16 + (40_000 + sumError) / (700 - validError))) < 1e-6);
});

test("a mean of a column that is never empty divides by the count", () => {
  const { plan, scales } = release;
  const statistics = plan.statistics.filter(({ kind }) => kind !== "valid");
  const [first = "", , third = ""] = scales;
  const released = totalOf([700, 40_000], { scales: [first, third] });
  assert.equal(only(one("mean"), { ...released, plan: { ...released.plan, statistics } }).value, 73.142857);
});

test("a mean over nobody is null", () => {
  for (const valid of [0, -3]) {
    const expected = { measure: "mean(people.age)", value: null, lower: null, upper: null };
    assert.deepEqual(only(one("mean"), totalOf([1000, valid, 40_000])), expected);
  }
});

test("a mean and its interval stay within the column's bounds", () => {
  assert.deepEqual(only(one("mean"), totalOf([10, 10, -9999])).value, 16);
  const { value, upper } = only(one("mean"), totalOf([10, 10, 9999]));
  assert.deepEqual([value, upper], [116, 116]);
});

test("where both noises lie within their bounds, the interval holds the exact mean and the value", () => {
  const [sumError, validError] = [at("1200", "39/40"), at("12", "39/40")];
  const cases = fc.record({
    valid: fc.integer({ min: 1, max: 5000 }),
    share: fc.double({ min: 0, max: 1, noNaN: true }),
    sumNoise: fc.integer({ min: -sumError, max: sumError }),
    validNoise: fc.integer({ min: -validError, max: validError }),
  });
  fc.assert(
    fc.property(cases, ({ valid, share, sumNoise, validNoise }) => {
      const sum = Math.round(share * 100 * valid);
      const released = totalOf([valid, valid + validNoise, sum + sumNoise]);
      const mean = only(one("mean"), released);
      const total = only(one("sum"), released);
      const exact = 16 + sum / valid;
      if (mean.lower !== null && mean.upper !== null && mean.value !== null) {
        assert.ok(mean.lower <= exact + 1e-9 && exact - 1e-9 <= mean.upper);
        assert.ok(mean.lower <= mean.value && mean.value <= mean.upper);
      } else assert.ok(valid + validNoise <= 0);
      const exactTotal = sum + 16 * valid;
      assert.ok((total.lower ?? Infinity) <= exactTotal && exactTotal <= (total.upper ?? -Infinity));
    }),
  );
});

/** With squares of the ages above 16, each up to 100². */
function spreadOf([count = 0, valid = 0, sum = 0, squares = 0]: number[]): Estimate {
  const { plan, scales } = release;
  const squaresOf = { name: "squares(people.age)", kind: "squares", dataset: "people", column: 2 };
  const statistics = [...plan.statistics, { ...squaresOf, lower: 0, sensitivity: 10_000 }];
  const released = totalOf([count, valid, sum, squares], { scales: [...scales, "120000"] });
  return only(measuring({ kind: "variance", of: age }), {
    ...released,
    plan: { ...released.plan, statistics },
  });
}

test("a variance is the mean square less the square of the mean, whatever the lower bound", () => {
  // Ages 26, 36 and 46: a third of 100 + 0 + 100.
  const { measure, value } = spreadOf([3, 3, 60, 1400]);
  assert.deepEqual([measure, value], ["variance(people.age)", 66.666666]);
});

test("a variance's interval takes each noise at 59/60, no wider", () => {
  const [count, sum, squares] = [100_000, 3_000_000, 120_000_000];
  const [sumError, validError, squaresError] = [
    at("1200", "59/60"),
    at("12", "59/60"),
    at("120000", "59/60"),
  ];
  const { lower, upper } = spreadOf([count, count, sum, squares]);
  const [most, fewest] = [count + validError, count - validError];
  const least = (squares - squaresError) / most - ((sum + sumError) / fewest) ** 2;
  const greatest = (squares + squaresError) / fewest - ((sum - sumError) / most) ** 2;
  assert.ok(least > 0 && greatest < 2500);
  assert.ok(Math.abs((lower ?? NaN) - least) < 2e-6 && Math.abs((upper ?? NaN) - greatest) < 2e-6);
});

test("a variance of nobody is null, and none is negative or beyond a quarter of the range squared", () => {
  const none = { measure: "variance(people.age)", value: null, lower: null, upper: null };
  assert.deepEqual(spreadOf([10, 0, 60, 1400]), none);
  assert.deepEqual(spreadOf([10, -2, 60, 1400]), none);
  assert.equal(spreadOf([3, 3, 60, 3]).value, 0);
  assert.equal(spreadOf([3, 3, 0, 99_999]).value, 2500);
});

test("where all three noises lie within their bounds, the interval holds the exact variance and the value", () => {
  const [sumError, validError, squaresError] = [
    at("1200", "59/60"),
    at("12", "59/60"),
    at("120000", "59/60"),
  ];
  const within = (error: number): fc.Arbitrary<number> => fc.integer({ min: -error, max: error });
  const cases = fc.record({
    heights: fc.array(fc.integer({ min: 0, max: 100 }), { minLength: 1, maxLength: 40 }),
    times: fc.integer({ min: 1, max: 2000 }),
    noises: fc.tuple(within(validError), within(sumError), within(squaresError)),
  });
  fc.assert(
    fc.property(cases, ({ heights, times, noises }) => {
      const valid = heights.length * times;
      const sum = times * heights.reduce((one, two) => one + two, 0);
      const squares = times * heights.reduce((one, two) => one + two ** 2, 0);
      const mean = sum / valid;
      const exact = (times * heights.reduce((one, two) => one + (two - mean) ** 2, 0)) / valid;
      const told = spreadOf([valid, valid + noises[0], sum + noises[1], squares + noises[2]]);
      if (told.lower === null || told.upper === null || told.value === null) {
        assert.ok(valid + noises[0] <= 0);
        return;
      }
      assert.ok(told.lower <= exact + 1e-6 && exact - 1e-6 <= told.upper);
      assert.ok(told.lower <= told.value && told.value <= told.upper);
    }),
  );
});

test("fails on a release that does not follow its plan", () => {
  assert.throws(() => answerOf(one("mean"), { ...release, cells: release.cells.slice(1) }), /lacks a group/);
  assert.throws(() => answerOf(one("mean"), totalOf([1, 2])), /lacks a statistic/);
  assert.throws(
    () => answerOf(measuring({ kind: "mean", of: { dataset: "a", column: "b" } }), release),
    /lacks/,
  );
});
