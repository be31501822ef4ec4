import assert from "node:assert/strict";
import { test } from "node:test";
import { PavilionError } from "../../errors/errors.ts";
import { collaborations } from "./kind.ts";

test("a document of the earlier format is refused with the way to this one", () => {
  const earlier = {
    type: "pavilion/collaboration",
    id: "care",
    version: 1,
    region: "eu",
    jurisdiction: "EU",
  };
  assert.throws(
    () => collaborations.read(earlier, "care.yaml"),
    (error) => error instanceof PavilionError && error.remedy.includes("in a population now"),
  );
});
