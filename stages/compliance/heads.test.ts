import assert from "node:assert/strict";
import { test } from "node:test";
import type { DatasetHead } from "../../schemas/avro/index.ts";
import { MemoryState } from "../../test/stage-state.ts";
import { noteHead } from "./heads.ts";

const headOf = (change: Partial<DatasetHead>): DatasetHead => ({
  ...{ collaboration: "care", epoch: 1, provider: "north", dataset: "people" },
  ...{ sequence: 1, head: "aa".repeat(32), complete: true, signature: "a..b" },
  ...change,
});

test("with an epoch's first head those of epochs before are forgotten, of the dataset alone", () => {
  const state = new MemoryState();
  const note = (change: Partial<DatasetHead>): void => {
    state.apply(noteHead(headOf(change), state));
  };
  note({});
  note({ dataset: "visits" });
  note({ collaboration: "care-two" });
  note({ epoch: 2 });
  const keys = state.entries("heads").map(([key]) => key);
  assert.deepEqual(keys.sort(), ["care-two/1/people", "care/1/visits", "care/2/people"]);
  note({ epoch: 1, sequence: 9 });
  note({ epoch: 2, sequence: 2 });
  assert.ok(
    state.get("heads", "care/2/people") !== undefined,
    "a straggler of an epoch before takes nothing away",
  );
});
