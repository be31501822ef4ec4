import assert from "node:assert/strict";
import { once } from "node:events";
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { createServer } from "node:http";
import type { AddressInfo } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, before, test } from "node:test";
import { rememberedIn, writeRemembered } from "../../services/stack/remembered.ts";
import { findings, type Finding } from "./checks.ts";

const home = mkdtempSync(join(tmpdir(), "pavilion-doctor-"));
const folder = join(home, "stack");
const registry = createServer((_, response) => response.end("[]"));
let registryUrl = "";

before(async () => {
  process.env.PAVILION_HOME = home;
  registry.listen(0, "127.0.0.1");
  await once(registry, "listening");
  registryUrl = `http://127.0.0.1:${String((registry.address() as AddressInfo).port)}`;
  mkdirSync(folder, { mode: 0o700 });
});

after(() => {
  registry.close();
  rmSync(home, { recursive: true, force: true });
});

async function found(name: string): Promise<Finding | undefined> {
  return (await findings()).find(({ what }) => what === name);
}

test("Node is the one that package.json pins", async () => {
  assert.deepEqual(await found("Node"), { what: "Node", state: "ok", detail: process.versions.node });
});

test("a home whose path SoftHSM cannot read is told, and what to set", async () => {
  assert.equal((await found("the folder"))?.state, "ok");
  for (const name of ["my #1", "a=b", "two\nlines"]) {
    process.env.PAVILION_HOME = join(home, name);
    const folder = await found("the folder");
    assert.equal(folder?.state, "missing");
    assert.match(folder.fix ?? "", /PAVILION_HOME/);
  }
  process.env.PAVILION_HOME = home;
});

test("a proxy is told by its host, without what it is logged in to by", async () => {
  assert.equal(await found("the proxy"), undefined);
  Object.assign(process.env, { NODE_USE_ENV_PROXY: "1", HTTPS_PROXY: "http://me:secret@proxy.example:3128" });
  const told = await found("the proxy");
  delete process.env.NODE_USE_ENV_PROXY;
  delete process.env.HTTPS_PROXY;
  assert.match(told?.detail ?? "", /^proxy\.example:3128, /);
});

test("a stack of this machine that is not running is told how to be started", async () => {
  assert.equal((await found("the stack"))?.fix, "./pavilion up");
});

test("a stack whose files cannot be read is told, with all else that is found", async () => {
  writeFileSync(join(folder, "parts.json"), "{}");
  const stack = await found("the stack");
  rmSync(join(folder, "parts.json"));
  assert.equal(stack?.state, "missing");
  assert.ok(await found("Node"));
});

test("a stack whose connectors run elsewhere is not said to be down", async () => {
  const parts = {
    kafka: { bootstrap: "kafka:9092", passwordFile: "/run/password" },
    registryUrl,
    chain: { url: "http://chain:8545", chainId: 31337 },
    connectors: "elsewhere",
  };
  writeFileSync(join(folder, "parts.json"), JSON.stringify(parts));
  const remembered = await rememberedIn(folder, ["operator"], ["eu-central"]);
  assert.match((await found("the stack"))?.detail ?? "", /not made yet/);
  writeRemembered(folder, { ...remembered, registryUrl, regions: [] });
  const up = await found("the stack");
  assert.deepEqual([up?.state, up?.fix], ["ok", undefined]);
  assert.match(up?.detail ?? "", /elsewhere/);
  registry.close();
  registry.closeAllConnections();
  const away = await found("the stack");
  assert.equal(away?.state, "missing");
  assert.match(away.detail, /elsewhere/);
  assert.doesNotMatch(away.fix ?? "", /pavilion up/);
});
