import assert from "node:assert/strict";
import { appendFileSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { test } from "node:test";
import { hasLine } from "./log-lines.ts";

test("what an earlier process wrote to the log says nothing of this one", (context) => {
  const dir = mkdtempSync(join(tmpdir(), "log-lines-"));
  context.after(() => {
    rmSync(dir, { recursive: true });
  });
  const logFile = join(dir, "connector.log");
  const earlier = "the connector is up\n";
  writeFileSync(logFile, earlier);
  assert.equal(hasLine({ logFile, logStart: 0 }, "is up"), true);
  const own = { logFile, logStart: earlier.length };
  assert.equal(hasLine(own, "is up"), false);
  appendFileSync(logFile, `${"x".repeat(64 * 1024 - 2)}is up\n`);
  assert.equal(hasLine(own, "is up"), true);
});
