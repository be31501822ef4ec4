import assert from "node:assert/strict";
import { mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
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

test("a stack of the version before is brought up, and one of a later version is refused and stays as it is", async () => {
  const dir = join(folder, "versions");
  mkdirSync(dir);
  const file = join(dir, "stack.json");
  const first = await rememberedIn(dir, ["core"], ["eu-central"]);
  const rewrite = (version: number): string => {
    const text = JSON.stringify({ ...first, version });
    writeFileSync(file, text);
    return text;
  };
  rewrite(1);
  assert.deepEqual(await rememberedIn(dir, ["core"], ["eu-central"]), first);
  assert.equal((JSON.parse(readFileSync(file, "utf8")) as { version: number }).version, 2);
  const later = rewrite(3);
  await assert.rejects(rememberedIn(dir, ["core"], ["eu-central"]), {
    code: "CONFIG_INVALID",
    message: /written by another version/,
  });
  assert.equal(readFileSync(file, "utf8"), later);
});
