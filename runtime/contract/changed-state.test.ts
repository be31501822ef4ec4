import assert from "node:assert/strict";
import { test } from "node:test";
import fc from "fast-check";
import type { Change } from "./stage.ts";
import { MemoryState } from "../../test/stage-state.ts";
import { withChanges } from "./changed-state.ts";

const arbitraryChanges: fc.Arbitrary<Change[]> = fc.array(
  fc.record({
    table: fc.constantFrom("heads", "records"),
    key: fc.constantFrom("a/1", "a/2", "b/1"),
    value: fc.option(fc.nat(), { nil: undefined }),
  }),
);

test("reads as the state will once the changes are applied, deletions too", () => {
  fc.assert(
    fc.property(arbitraryChanges, arbitraryChanges, (before, changes) => {
      const state = new MemoryState();
      state.apply(before);
      const seen = withChanges(state, changes);
      const after = new MemoryState();
      after.apply([...before, ...changes]);
      for (const table of ["heads", "records"]) {
        for (const prefix of [undefined, "a/"]) {
          assert.deepEqual([...seen.entries(table, prefix)].sort(), [...after.entries(table, prefix)].sort());
        }
        for (const key of ["a/1", "a/2", "b/1"]) assert.equal(seen.get(table, key), after.get(table, key));
      }
    }),
  );
});
