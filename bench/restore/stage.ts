/**
 * A stage with a large state: each input adds so many entries of about a hundred bytes.
 */
import { publish, type Stage } from "../../runtime/contract/stage.ts";
import type { Change } from "../../runtime/contract/state.ts";

export const entriesEach = 1_000;

export const filling: Stage<"DatasetHead", undefined> = {
  name: "filling",
  inputs: [{ topic: "dataset.heads", types: ["DatasetHead"] }],
  outputs: [],
  handle: ({ value: { head } }) =>
    publish({
      changes: Array.from({ length: entriesEach }, (_, index): Change => ({
        table: "entries",
        key: `${head}/${String(index)}`,
        value: { head, index, text: "what a record of a dataset may hold, in about a hundred bytes" },
      })),
    }),
};
