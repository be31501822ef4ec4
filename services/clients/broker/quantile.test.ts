import assert from "node:assert/strict";
import { test } from "node:test";
import fc from "fast-check";
import type { Answer, AnswerGroup } from "../../../schemas/avro/index.ts";
import { histogramsIn, quantileOf } from "./quantile.ts";

const group = (grouping: string, category: string, count: number | null): AnswerGroup => ({
  ...{ grouping, category, suppressed: count === null },
  estimates: count === null ? [] : [{ measure: "count", value: count, lower: count - 5, upper: count + 5 }],
});
const answer = (...groups: AnswerGroup[]): Answer => ({
  groups,
  ...{ confidence: "19/20", epsilonSpent: "1", epsilonLeft: "3" },
});

test("the bins of each grouping, noise below nothing as none, the absent left out", () => {
  const found = histogramsIn(
    answer(
      group("total", "", 100),
      group("state", "nsw", 40),
      group("age-band", "-5 to -1", -3),
      group("age-band", "0 to 17", null),
      group("age-band", "18 to 64", 60),
      group("age-band", "absent", 9),
    ),
  );
  const bins = [
    { lower: -5, upper: -1, count: 0, suppressed: false },
    { lower: 0, upper: 17, count: 0, suppressed: true },
    { lower: 18, upper: 64, count: 60, suppressed: false },
  ];
  assert.deepEqual([...found], [["age-band", bins]]);
});

test("categories that only look like bins, do not adjoin, or have no count, are no histogram", () => {
  for (const groups of [
    [group("dose", "1 to 2", 5), group("dose", "4 to 5", 5)],
    [group("dose", "1 to 2", 5), group("dose", "other", 5)],
    [{ ...group("dose", "1 to 2", 5), estimates: [{ measure: "mean(a.b)", value: 5, lower: 4, upper: 6 }] }],
  ]) {
    assert.equal(histogramsIn(answer(...groups)).size, 0);
  }
});

test("a quantile lies where that share of the people is below, spread evenly over their bin", () => {
  const bin = (lower: number, upper: number, count: number) => ({ lower, upper, count, suppressed: false });
  const bins = [bin(0, 9, 10), bin(10, 29, 0), bin(30, 49, 30)];
  assert.deepEqual(
    [0, 0.125, 0.25, 0.5, 0.75, 1].map((share) => quantileOf(bins, share)),
    [0, 5, 9, 36, 43, 49],
  );
  assert.equal(quantileOf([bin(0, 9, 0)], 0.5), undefined);
});

test("with a bin for every number it is the number that a sorted list has there", () => {
  fc.assert(
    fc.property(
      fc.array(fc.nat(20), { minLength: 1, maxLength: 200 }),
      fc.double({ min: 0.001, max: 1, noNaN: true }),
      (values, share) => {
        const bins = Array.from({ length: 21 }, (_, value) => ({
          ...{ lower: value, upper: value, suppressed: false },
          count: values.filter((one) => one === value).length,
        }));
        const sorted = values.toSorted((one, two) => one - two);
        assert.equal(quantileOf(bins, share), sorted[Math.ceil(share * values.length) - 1]);
      },
    ),
  );
});
