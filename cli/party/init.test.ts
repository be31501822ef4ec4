import assert from "node:assert/strict";
import { execFileSync } from "node:child_process";
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { test } from "node:test";
import type { Card } from "../../schemas/json/card.ts";

const main = join(import.meta.dirname, "..", "main.ts");

test("a party's key is printed as its card has it, as text and as JSON", (t) => {
  const home = mkdtempSync(join(tmpdir(), "pavilion-party-"));
  t.after(() => {
    rmSync(home, { recursive: true });
  });
  const env = { ...process.env, PAVILION_HOME: home };
  const run = (...args: string[]): string =>
    execFileSync(process.execPath, [main, ...args], { env, encoding: "utf8" });
  for (const role of ["provider", "broker"]) {
    const { card } = JSON.parse(run(role, "init", `--${role}`, "clinic", "--json")) as { card: Card };
    assert.equal(run(role, "key", `--${role}`, "clinic"), `${card.key}\n`);
    const told = JSON.parse(run(role, "key", `--${role}`, "clinic", "--json")) as object;
    assert.deepEqual(told, { [role]: "clinic", key: card.key });
  }
});
