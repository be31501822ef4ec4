import assert from "node:assert/strict";
import { mkdirSync, mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, test } from "node:test";
import { rememberedIn, writeRemembered } from "../../services/stack/remembered.ts";
import { requireUp } from "./running.ts";

const home = mkdtempSync(join(tmpdir(), "pavilion-running-"));
process.env.PAVILION_HOME = home;
after(() => {
  rmSync(home, { recursive: true, force: true });
});

test("this folder's stack has to run for whoever means its Kafka, and for nobody else", async () => {
  const folder = join(home, "stack");
  requireUp("kafka:9092");
  mkdirSync(folder, { mode: 0o700 });
  const remembered = await rememberedIn(folder, ["operator"], ["eu-central"]);
  writeRemembered(folder, { ...remembered, bootstrap: "127.0.0.1:9092" });
  requireUp("kafka:9092");
  assert.throws(
    () => {
      requireUp("127.0.0.1:9092");
    },
    { code: "STACK_DOWN" },
  );
});
