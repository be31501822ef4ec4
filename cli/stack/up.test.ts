import assert from "node:assert/strict";
import { existsSync, mkdirSync, mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, test } from "node:test";
import { ownStack } from "../../services/stack/stack-lock.ts";
import { up } from "./up.ts";

let home = "";
beforeEach(() => {
  home = mkdtempSync(join(tmpdir(), "pavilion-up-"));
  process.env.PAVILION_HOME = home;
});
afterEach(() => {
  rmSync(home, { recursive: true, force: true });
});

test("a stack that another command works on is not started meanwhile, nor told of other parts", async () => {
  const folder = join(home, "stack");
  using _owned = await ownStack(folder);
  for (const parts of [undefined, join(home, "parts.json")])
    await assert.rejects(up({ parts, json: true }), { code: "STACK_RUNNING" });
  assert.equal(existsSync(folder), false);
});

test("no new stack is made where a restore was cut off that would have put one there", async () => {
  mkdirSync(join(home, "stack.partial"));
  await assert.rejects(up({ parts: undefined, json: true }), { code: "CONFIG_INVALID", message: /cut off/ });
  assert.equal(existsSync(join(home, "stack")), false);
});
