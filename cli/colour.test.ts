import assert from "node:assert/strict";
import { spawnSync } from "node:child_process";
import { join } from "node:path";
import { test } from "node:test";
import { stripVTControlCharacters } from "node:util";

const main = join(import.meta.dirname, "main.ts");
/** What a command prints into a pipe. */
function run(args: readonly string[], colours?: "1"): { out: string; error: string } {
  const env = { ...process.env, FORCE_COLOR: colours, NO_COLOR: undefined };
  const { stdout, stderr } = spawnSync(process.execPath, [main, ...args], { env, encoding: "utf8" });
  return { out: stdout, error: stderr };
}

test("an error's code is red, and plain in a pipe", () => {
  const plain = run(["nonsense"]).error;
  assert.equal(plain, "pavilion: UNKNOWN_COMMAND: There is no command nonsense.\n  Run ./pavilion help.\n");
  const red = run(["nonsense"], "1").error;
  assert.match(red, /^pavilion: \u001b\[31mUNKNOWN_COMMAND\u001b\[39m: /);
  assert.equal(stripVTControlCharacters(red), plain);
});

test("JSON has no colours", () => {
  const { out } = run(["bench", "nonsense", "--json", "--nonsense"], "1");
  assert.deepEqual(Object.keys(JSON.parse(out) as object), ["error"]);
  assert.equal(stripVTControlCharacters(out), out);
});

test("what doctor finds has its state's colour, and is plain in a pipe", () => {
  assert.match(run(["doctor"]).out, /^ {2}ok {8}the policy {2}/m);
  assert.match(run(["doctor"], "1").out, /^ {2}\u001b\[32mok\u001b\[39m {8}the policy {2}/m);
});
