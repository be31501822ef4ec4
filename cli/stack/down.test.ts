import assert from "node:assert/strict";
import { spawn } from "node:child_process";
import { existsSync, mkdirSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, test } from "node:test";
import { rememberedIn, writeRemembered } from "../../services/stack/remembered.ts";
import { ownStack } from "../../services/stack/stack-lock.ts";
import { down } from "./down.ts";
import { supervisorOf } from "./running.ts";

let home = "";
let folder = "";

beforeEach(() => {
  home = mkdtempSync(join(tmpdir(), "pavilion-down-"));
  process.env.PAVILION_HOME = home;
  folder = join(home, "stack");
  mkdirSync(folder);
});
afterEach(() => {
  rmSync(home, { recursive: true, force: true });
});

test("a stack on parts that run elsewhere is not erased, and goes on", async () => {
  const parts = {
    kafka: { bootstrap: "kafka:9092", passwordFile: "/run/password" },
    registryUrl: "http://registry:8080/apis/ccompat/v7",
    chain: { url: "http://chain:8545", chainId: 31337 },
    connectors: "here",
  };
  writeFileSync(join(folder, "parts.json"), JSON.stringify(parts));
  const remembered = await rememberedIn(folder, ["operator"], ["eu-central"]);
  writeRemembered(folder, { ...remembered, regions: [] });
  const supervisor = spawn(process.execPath, ["-e", "setInterval(() => {}, 1000)", "supervisor.ts"]);
  try {
    writeFileSync(join(folder, "supervisor.pid"), String(supervisor.pid));
    await assert.rejects(down({ erase: true, yes: true, json: false }), { code: "CONFIG_INVALID" });
    assert.equal(supervisorOf(folder), supervisor.pid);
    assert.ok(existsSync(join(folder, "parts.json")));
  } finally {
    supervisor.kill();
  }
});

test("a stack that never came up on the parts it was told of is erased, whatever its file says", async () => {
  writeFileSync(join(folder, "parts.json"), "{");
  await down({ erase: true, yes: true, json: true });
  assert.equal(existsSync(folder), false);
});

test("a stack of its own parts is erased when that is said twice", async () => {
  await assert.rejects(down({ erase: true, yes: false, json: false }), { code: "CONFIRMATION_MISSING" });
  await down({ erase: true, yes: true, json: true });
  assert.equal(existsSync(folder), false);
});

test("a stack that another command works on is not erased meanwhile", async () => {
  {
    using _owned = await ownStack(folder);
    await assert.rejects(down({ erase: true, yes: true, json: true }), { code: "STACK_RUNNING" });
    assert.ok(existsSync(folder));
  }
  await down({ erase: true, yes: true, json: true });
  assert.equal(existsSync(folder), false);
});
