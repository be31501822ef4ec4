import assert from "node:assert/strict";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, beforeEach, test } from "node:test";
import { existingPartsOf, keepExistingParts, standsOnExistingParts } from "./existing-parts.ts";
import { rememberedIn, writeRemembered } from "./remembered.ts";

const dir = mkdtempSync(join(tmpdir(), "pavilion-parts-"));
const folder = join(dir, "stack");
const file = join(dir, "given.json");
const parts = {
  kafka: { bootstrap: "kafka:9092", passwordFile: "/run/password" },
  registryUrl: "http://registry:8080/apis/ccompat/v7",
  chain: { url: "http://chain:8545", chainId: 31337 },
  connectors: "elsewhere",
} as const;
const otherParts = { ...parts, registryUrl: "http://elsewhere:8080/apis/ccompat/v7" };
const invalid = { code: "CONFIG_INVALID" };

function keep(content: unknown, { indent = 0, isRunning = false } = {}): void {
  writeFileSync(file, JSON.stringify(content, undefined, indent));
  keepExistingParts(folder, file, isRunning);
}

/** As a start leaves the folder that goes on to the end, or fails before its regions are open. */
async function start(outcome: "up" | "failed"): Promise<void> {
  const remembered = await rememberedIn(folder, ["operator"], ["eu-central"]);
  if (outcome === "up") writeRemembered(folder, { ...remembered, regions: [] });
}

beforeEach(() => {
  rmSync(folder, { recursive: true, force: true });
});
after(() => {
  rmSync(dir, { recursive: true, force: true });
});

test("the folder knows the parts that it was told of, and none before", () => {
  assert.equal(existingPartsOf(folder), undefined);
  keep(parts);
  assert.deepEqual(existingPartsOf(folder), parts);
});

test("a corrected file takes the place of one that no stack came up on", async () => {
  keep(parts);
  await start("failed");
  keep(otherParts);
  assert.deepEqual(existingPartsOf(folder), otherParts);
});

test("a half-written copy is replaced while no stack came up on it", () => {
  keep(parts);
  writeFileSync(join(folder, "parts.json"), "{");
  keep(parts);
  assert.deepEqual(existingPartsOf(folder), parts);
});

test("a stack that has come up takes the same parts, however they are written, and no others", async () => {
  keep(parts);
  await start("up");
  const { kafka, ...rest } = parts;
  keep({ ...rest, kafka }, { indent: 2 });
  assert.throws(() => {
    keep(otherParts);
  }, invalid);
  assert.deepEqual(existingPartsOf(folder), parts);
});

test("parts are not exchanged under a stack that runs, though it has not come up yet", async () => {
  keep(parts);
  await start("failed");
  keep(parts, { isRunning: true });
  assert.throws(() => {
    keep(otherParts, { isRunning: true });
  }, invalid);
  rmSync(join(folder, "parts.json"));
  assert.throws(() => {
    keep(parts, { isRunning: true });
  }, invalid);
  assert.equal(existingPartsOf(folder), undefined);
});

test("a stack that never came up on existing parts has nothing there", async () => {
  keep(parts);
  await start("failed");
  assert.equal(standsOnExistingParts(folder), false);
  await start("up");
  assert.equal(standsOnExistingParts(folder), true);
  rmSync(join(folder, "parts.json"));
  assert.equal(standsOnExistingParts(folder), false);
});

test("a stack that has come up on parts of its own takes no others", async () => {
  keep(parts);
  rmSync(join(folder, "parts.json"));
  await start("up");
  assert.throws(() => {
    keep(parts);
  }, invalid);
  assert.equal(existingPartsOf(folder), undefined);
});

test("the password's file is an absolute path, since commands run anywhere", () => {
  assert.throws(() => {
    keep({ ...parts, kafka: { ...parts.kafka, passwordFile: "password" } });
  }, invalid);
  assert.equal(existingPartsOf(folder), undefined);
});
