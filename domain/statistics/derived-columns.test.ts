import assert from "node:assert/strict";
import { test } from "node:test";
import fc from "fast-check";
import { categoriesOf, rangeOf } from "../terms/collaboration.ts";
import { binIn, binsOf, derivedValue, type DerivedColumn, type IntegerColumn } from "./derived-columns.ts";

const age: IntegerColumn = {
  ...{ name: "age", kind: "integer", source: "age", transform: "none" },
  ...{ lower: -2, upper: 110, nullable: true },
};
const squares: DerivedColumn = { name: "age-squares", kind: "squares", of: "age" };
const bins = {
  name: "age-band",
  kind: "bins",
  of: "age",
  edges: [0, 18, 65],
} as const satisfies DerivedColumn;

test("a square is of the distance from the lower bound, 0 where there is no value", () => {
  for (const [value, square] of [
    [-2, 0],
    [0, 4],
    [110, 112 ** 2],
    [null, 0],
  ] as const) {
    assert.equal(derivedValue(squares, age, value), square);
  }
});

test("an edge begins its bin; a value that is absent has the category behind the bins", () => {
  for (const [value, bin] of [
    [-2, 0],
    [-1, 0],
    [0, 1],
    [17, 1],
    [18, 2],
    [64, 2],
    [65, 3],
    [110, 3],
    [null, 4],
  ] as const) {
    assert.equal(derivedValue(bins, age, value), bin);
  }
  assert.deepEqual(categoriesOf(bins, [age, bins]), [
    "-2 to -1",
    "0 to 17",
    "18 to 64",
    "65 to 110",
    "absent",
  ]);
});

test("whatever the bounds, every value lies in the bin of its index, and no two bins share one", () => {
  const cases = fc
    .record({
      lower: fc.integer({ min: -50, max: 50 }),
      span: fc.integer({ min: 1, max: 100 }),
      nullable: fc.boolean(),
    })
    .chain(({ lower, span, nullable }) =>
      fc.record({
        base: fc.constant({ ...age, lower, upper: lower + span, nullable }),
        edges: fc
          .uniqueArray(fc.integer({ min: lower + 1, max: lower + span }), { minLength: 1, maxLength: 63 })
          .map((found) => found.sort((one, two) => one - two)),
        value: fc.integer({ min: lower, max: lower + span }),
      }),
    );
  fc.assert(
    fc.property(cases, ({ base, edges, value }) => {
      const column = { ...bins, edges };
      const all = binsOf(column, base);
      const index = derivedValue(column, base, value);
      assert.deepEqual(
        all.map(({ lower, upper }) => lower <= value && value <= upper),
        all.map((_, at) => at === index),
      );
      const labels = categoriesOf(column, [base, column]) ?? [];
      assert.deepEqual(labels.slice(0, all.length).map(binIn), all);
      for (const derived of [column, squares]) {
        for (const one of base.nullable ? [value, null] : [value]) {
          const { lower, upper } = rangeOf(derived, [base, derived]);
          const made = derivedValue(derived, base, one);
          assert.ok(made >= lower && made <= upper);
        }
      }
    }),
  );
});

test("only a bin's own category names one", () => {
  for (const category of ["", "absent", "north", "1 to", "1 to 2 to 3", "1.5 to 2", " 1 to 2"])
    assert.equal(binIn(category), undefined);
});
