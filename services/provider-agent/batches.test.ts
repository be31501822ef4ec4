import assert from "node:assert/strict";
import { test } from "node:test";
import fc from "fast-check";
import { BATCH_SIZE, inBatches, shuffle } from "./batches.ts";

test("batches are full but for the last, and hold everything in order", () => {
  const items = Array.from({ length: 2 * BATCH_SIZE + 1 }, (_, index) => index);
  assert.deepEqual(
    inBatches(items).map(({ length }) => length),
    [BATCH_SIZE, BATCH_SIZE, 1],
  );
  assert.deepEqual(inBatches(items).flat(), items);
  assert.deepEqual(inBatches([]), []);
});

test("a shuffle keeps every item and leaves its input alone", () => {
  fc.assert(
    fc.property(fc.array(fc.integer()), fc.infiniteStream(fc.nat()), (items, random) => {
      const before = [...items];
      const shuffled = shuffle(items, (below) => random.next().value % below);
      assert.deepEqual(items, before);
      assert.deepEqual([...shuffled].sort(), [...items].sort());
    }),
  );
});

test("every order of three items has exactly one sequence of draws", () => {
  const orders = new Set<string>();
  for (const first of [0, 1, 2]) {
    for (const second of [0, 1]) {
      const draws = [first, second];
      orders.add(shuffle(["a", "b", "c"], () => draws.shift() ?? 0).join(""));
    }
  }
  assert.equal(orders.size, 6);
});
