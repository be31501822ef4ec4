import assert from "node:assert/strict";
import { test } from "node:test";
import { MemoryState } from "../../test/stage-state.ts";
import { rankIn, Table } from "./state.ts";

const deadlines = new Table<{ readonly request: { readonly deadline: number } }>(
  "deadlines",
  ({ request }) => request.deadline,
);
const until = (deadline: number) => ({ request: { deadline } });

test("entries are read in the order of their ranks, so many at most, and what is old goes that way", () => {
  const state = new MemoryState();
  const names = ["c", "a", "d", "b"];
  state.apply(names.map((key, index) => deadlines.put(key, until(index))));
  const read = deadlines.ranked(state, { from: 1, limit: 2 });
  assert.deepEqual(
    read.map(({ key, rank }) => [key, rank]),
    [
      ["a", 1],
      ["d", 2],
    ],
  );
  state.apply(deadlines.removeBelow(state, 2));
  assert.deepEqual(
    deadlines.ranked(state, { limit: 9 }).map(({ key }) => key),
    ["d", "b"],
  );
  state.apply([deadlines.put("d", until(7))]);
  assert.deepEqual(
    deadlines.ranked(state, { limit: 9 }).map(({ key }) => key),
    ["b", "d"],
  );
});

test("what an earlier version wrote in another form has no rank, and stops nothing", () => {
  assert.equal(rankIn(deadlines, until(3), "k"), 3);
  for (const other of [{}, null, 7, until(Number.NaN), until(undefined as unknown as number)]) {
    assert.equal(rankIn(deadlines, other, "k"), undefined);
  }
});
