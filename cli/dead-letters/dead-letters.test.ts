import assert from "node:assert/strict";
import { test } from "node:test";
import { oddTexts } from "../../test/odd-names.ts";
import { deadLetters } from "./command.ts";

test("what objects have members of is no action", async () => {
  for (const name of oddTexts)
    await assert.rejects(deadLetters.run([name]), { message: "dead-letters takes list, show or redrive." });
});
