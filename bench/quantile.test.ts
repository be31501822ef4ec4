import assert from "node:assert/strict";
import { test } from "node:test";
import fc from "fast-check";
import { quantile } from "./quantile.ts";

const samples = fc.array(fc.double({ min: 0, max: 1e6, noNaN: true }), { minLength: 1, maxLength: 300 });
const share = fc.double({ min: 0.001, max: 1, noNaN: true });

test("is the nearest rank's sample", () => {
  const hundred = Array.from({ length: 100 }, (_, index) => 100 - index);
  assert.equal(quantile(hundred, 0.5), 50);
  assert.equal(quantile(hundred, 0.99), 99);
  assert.equal(quantile(hundred, 1), 100);
  assert.equal(quantile([7], 0.01), 7);
});

test("is a sample that enough do not exceed, and no smaller one is", () => {
  fc.assert(
    fc.property(samples, share, (values, q) => {
      const found = quantile(values, q);
      assert.ok(values.includes(found));
      assert.ok(values.filter((value) => value <= found).length >= q * values.length);
      assert.ok(values.filter((value) => value < found).length < q * values.length);
    }),
  );
});

test("refuses no samples", () => {
  assert.throws(() => quantile([], 0.5), RangeError);
});

test("sorts by number and leaves the samples as they were", () => {
  const values = [10, 9, 1];
  assert.equal(quantile(values, 1), 10);
  assert.deepEqual(values, [10, 9, 1]);
});
