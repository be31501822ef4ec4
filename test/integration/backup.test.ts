/**
 * A stack that is backed up, erased and put back: the same keys, records, passwords and ports, and no seed of before.
 */
import assert from "node:assert/strict";
import { existsSync, mkdtempSync, readdirSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, before, test } from "node:test";
import { connectKafka } from "../../runtime/kafka/client.ts";
import { openLog } from "../../runtime/log.ts";
import { openHsm, type Hsm } from "../../runtime/hsm/hsm.ts";
import type { ConnectorConfig } from "../../schemas/json/connector-config.ts";
import { readRemembered, type Remembered } from "../../services/stack/remembered.ts";
import { readRestored } from "../../services/stack/restored.ts";
import { CommandLine } from "./command-line.ts";
import { readTopic } from "./read-topic.ts";

const dir = mkdtempSync(join(tmpdir(), "pavilion-backup-"));
const pavilion = new CommandLine(dir);
const stack = join(pavilion.home, "stack");
const backup = join(dir, "backup");
const regions = ["eu-central", "us-east"];
const topic = "eu-central.config.brokers";
/** No seed of a connector's own. */
const seed = 4_000_000_000;

let remembered: Remembered;
let card = "";
let records: unknown;

before(async () => {
  await pavilion.done("up");
  await pavilion.done("broker", "init", "--broker", "core");
  await pavilion.done("broker", "admit", join(pavilion.home, "brokers", "core", "card.json"));
  card = await pavilion.done("operator", "card", "--json");
  records = await recordsNow();
});

after(async () => {
  await pavilion.run("down");
  rmSync(dir, { recursive: true, force: true });
});

function known(): Remembered {
  const found = readRemembered(stack);
  assert.ok(found);
  return found;
}

async function recordsNow(): Promise<unknown> {
  const { bootstrap = "", passwords } = known();
  const access = { bootstrap, username: "operator", password: passwords.operator ?? "" };
  const found = await readTopic(connectKafka(access, "test", openLog({ service: "test" }, "silent")), topic);
  assert.ok(found.some(({ key }) => key.includes("core")));
  return found;
}

async function withHsm<Result>(region: string, use: (hsm: Hsm) => Promise<Result>): Promise<Result> {
  const folder = join(stack, "regions", region);
  const { hsm: configured } = JSON.parse(
    readFileSync(join(folder, "connector.json"), "utf8"),
  ) as ConnectorConfig;
  const { library: libraryPath, configFile = "", tokenLabel, pinFile } = configured;
  const pin = readFileSync(pinFile, "utf8");
  const hsm = await openHsm({ libraryPath, configFile, tokenLabel, pin, keys: [] });
  return use(hsm).finally(() => hsm.close());
}

test("a stack that runs is neither backed up nor replaced, and the way out is told", async () => {
  for (const args of [
    ["backup", "--out", backup],
    ["restore", "--from", backup, "--replace"],
  ]) {
    const { code, err } = await pavilion.run(...args);
    assert.equal(code, 1);
    assert.match(err, /^pavilion: STACK_RUNNING: .*\n +Run \.\/pavilion down first\.\n$/);
  }
  assert.ok(!existsSync(backup));
});

test("a stack is backed up, erased and put back", async () => {
  await pavilion.done("down");
  for (const region of regions) await withHsm(region, (hsm) => hsm.createSeed(seed));
  remembered = known();
  const told = JSON.parse(await pavilion.done("backup", "--out", backup, "--json")) as {
    id: string;
    takenAt: string;
  };
  assert.deepEqual(readdirSync(backup).sort(), ["backup.json", "backup.sha256", "stack"]);
  await pavilion.done("down", "--erase", "--yes");
  assert.ok(!existsSync(stack));
  const out = await pavilion.done("restore", "--from", backup);
  assert.match(
    out,
    /what was asked, answered and spent since then is not known to it.*\n +next: \.\/pavilion up$/,
  );
  const restored = readRestored(stack);
  assert.deepEqual([restored?.backup, restored?.takenAt], [told.id, told.takenAt]);
  for (const region of regions) await withHsm(region, (hsm) => hsm.seed(seed));
});

test("it starts with its keys, records, passwords and ports, and without a seed of before", async () => {
  await pavilion.done("up");
  assert.deepEqual(known(), remembered);
  assert.equal(await pavilion.done("operator", "card", "--json"), card);
  assert.deepEqual(await recordsNow(), records);
  // By the password that it was handed before.
  await pavilion.done("collaboration", "list", "--broker", "core");
  for (const region of regions) {
    await withHsm(region, (hsm) => assert.rejects(hsm.seed(seed), { code: "HSM_KEY_MISSING" }));
  }
});
