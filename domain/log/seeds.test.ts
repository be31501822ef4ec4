import assert from "node:assert/strict";
import { test } from "node:test";
import { seedRef, seedsOf } from "./testing/seeds.ts";
import { Seeds } from "./seeds.ts";

const entry = (id: number, open = true) => ({ ...seedRef(id), open });

test("finds an open seed by its commitment, and no closed or unknown one", () => {
  const seeds = seedsOf(entry(1, false), entry(2));
  assert.deepEqual(seeds.openSeed(seedRef(2).commitment), entry(2));
  assert.equal(seeds.openSeed(seedRef(1).commitment), undefined);
  assert.equal(seeds.openSeed(seedRef(3).commitment), undefined);
  assert.equal(seeds.openSeed(""), undefined);
});

test("the newest is the open one of the highest number, in whatever order they came", () => {
  assert.deepEqual(seedsOf(entry(2), entry(10), entry(9)).newest(), entry(10));
  assert.deepEqual(seedsOf(entry(10, false), entry(9), entry(2)).newest(), entry(9));
  assert.equal(seedsOf(entry(1, false)).newest(), undefined);
  assert.equal(new Seeds().newest(), undefined);
});

test("the last entry of a number counts: a seed that is closed is not found any more", () => {
  const seeds = seedsOf(entry(1), entry(2));
  seeds.add(entry(2, false));
  assert.equal(seeds.openSeed(seedRef(2).commitment), undefined);
  assert.deepEqual(seeds.newest(), entry(1));
});
