import assert from "node:assert/strict";
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, test } from "node:test";
import { rememberedIn } from "./remembered.ts";

const folder = mkdtempSync(join(tmpdir(), "pavilion-remembered-"));
after(() => {
  rmSync(folder, { recursive: true });
});

test("a region and a user may be called what JavaScript's own objects have: each gets a port and a password", async () => {
  const names = ["constructor", "valueof", "eu-central"];
  // A folder that knows regions already is where a new one is looked up.
  await rememberedIn(folder, ["eu-central"], ["eu-central"]);
  const { ports, passwords } = await rememberedIn(folder, names, names);
  for (const name of names) {
    assert.ok(Number.isInteger(ports.metrics[name]) && (ports.metrics[name] ?? 0) > 0, name);
    assert.equal(typeof passwords[name], "string");
  }
  const again = await rememberedIn(folder, names, names);
  assert.deepEqual([again.ports, again.passwords], [ports, passwords]);
});
