import assert from "node:assert/strict";
import { test } from "node:test";
import fc from "fast-check";
import type { Change, Entry } from "./state.ts";
import { MemoryState } from "../../test/stage-state.ts";
import { withChanges } from "./changed-state.ts";

const arbitraryChanges: fc.Arbitrary<Change[]> = fc.array(
  fc.record({
    table: fc.constantFrom("heads", "records/one"),
    key: fc.constantFrom("a/1", "a/2", "b/1"),
    value: fc.option(fc.nat(), { nil: undefined }),
    rank: fc.nat(3),
  }),
);

const byKey = (entries: readonly Entry[]): Entry[] => entries.toSorted((a, b) => (a.key < b.key ? -1 : 1));

test("reads as the state will once the changes are applied, deletions too", () => {
  fc.assert(
    fc.property(arbitraryChanges, arbitraryChanges, (before, changes) => {
      const state = new MemoryState();
      state.apply(before);
      const seen = withChanges(state, changes);
      const after = new MemoryState();
      after.apply([...before, ...changes]);
      for (const table of ["heads", "records/one"]) {
        for (const range of [{ limit: 9 }, { from: 1, below: 3, limit: 9 }]) {
          assert.deepEqual(byKey(seen.ranked(table, range)), byKey(after.ranked(table, range)));
        }
        const [seenRanks, ranks] = [seen, after].map((of) =>
          of.ranked(table, { limit: 2 }).map(({ rank }) => rank),
        );
        assert.deepEqual(seenRanks, ranks);
        if (table !== "heads") {
          assert.deepEqual([...seen.records(table)].sort(), [...after.records(table)].sort());
          assert.equal([...seen.records(table, 1)].length, Math.min(1, [...after.records(table)].length));
        }
        for (const key of ["a/1", "a/2", "b/1"]) assert.equal(seen.get(table, key), after.get(table, key));
      }
    }),
  );
});
