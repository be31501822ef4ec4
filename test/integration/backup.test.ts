/**
 * A stack that is backed up, goes on, is lost, and is put back: the same keys, records, passwords and ports, no seed of before; and no
 * question answered until its log has what others hold of it, and what may have been spent meanwhile counts as spent.
 */
import assert from "node:assert/strict";
import type { ChildProcess } from "node:child_process";
import { existsSync, mkdtempSync, readdirSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, before, test } from "node:test";
import { openHsm, type Hsm } from "../../runtime/hsm/hsm.ts";
import type { ConnectorConfig } from "../../schemas/json/connector-config.ts";
import { readRemembered, type Remembered } from "../../services/stack/remembered.ts";
import { readRestored } from "../../services/stack/restored.ts";
import { CommandLine } from "./command-line.ts";
import { ask, count, makeTown, prove, questionFile, smokers } from "./town.ts";

const dir = mkdtempSync(join(tmpdir(), "pavilion-backup-"));
const pavilion = new CommandLine(dir);
const stack = join(pavilion.home, "stack");
const backup = join(dir, "backup");
const regions = ["eu-central", "us-east"];
const files = {
  trust: join(dir, "trust.json"),
  access: join(dir, "auditor.json"),
  copy: join(dir, "log.ndjson"),
};
const [first, second, third] = [
  questionFile(dir, "first", [count]),
  questionFile(dir, "second", [smokers]),
  questionFile(dir, "third", [count, smokers]),
];
/** No seed of a connector's own. */
const seed = 4_000_000_000;

let agent: ChildProcess | undefined;
let remembered: Remembered;
let card = "";

before(async () => {
  agent = await makeTown(pavilion, dir);
  await prove(pavilion, first);
  await pavilion.done("trust", "--out", files.trust);
  await pavilion.done("auditor", "admit", "--auditor", "watch", "--out", files.access);
  card = await pavilion.done("operator", "card", "--json");
});

after(async () => {
  agent?.kill("SIGTERM");
  await pavilion.run("down");
  rmSync(dir, { recursive: true, force: true });
});

function known(): Remembered {
  const found = readRemembered(stack);
  assert.ok(found);
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

/** As the auditor does it, who keeps a copy of the log where that is wanted. */
async function audit(...more: string[]): Promise<Record<string, unknown>> {
  const args = ["audit", "--access", files.access, "--trust", files.trust, "--json", ...more];
  return JSON.parse(await pavilion.done(...args)) as Record<string, unknown>;
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

test("a stack is backed up, goes on, dies and is put back", async () => {
  await pavilion.done("down");
  for (const region of regions) await withHsm(region, (hsm) => hsm.createSeed(seed));
  remembered = known();
  const told = JSON.parse(await pavilion.done("backup", "--out", backup, "--json")) as {
    id: string;
    takenAt: string;
  };
  assert.deepEqual(readdirSync(backup).sort(), ["backup.json", "backup.sha256", "stack"]);

  await pavilion.done("up");
  assert.equal((await prove(pavilion, second))?.epsilonLeft, "34");
  assert.deepEqual(await audit("--save", files.copy).then(({ kinds }) => kinds), {
    seed: 1,
    match: 2,
    spend: 2,
  });
  process.kill(Number(readFileSync(join(stack, "supervisor.pid"), "utf8")), "SIGKILL");
  await pavilion.done("down", "--erase", "--yes");
  assert.ok(!existsSync(stack));

  const out = await pavilion.done("restore", "--from", backup);
  assert.match(
    out,
    /what was asked, answered and spent since then is not known to it.*\n +next: \.\/pavilion up; no region answers before you have run \.\/pavilion recover for it$/,
  );
  const restored = readRestored(stack);
  assert.deepEqual([restored?.backup, restored?.takenAt], [told.id, told.takenAt]);
  for (const region of regions) await withHsm(region, (hsm) => hsm.seed(seed));
});

test("it starts with its keys, passwords and ports, without a seed of before, and answers nothing", async () => {
  assert.match(await pavilion.done("up"), /next: \.\/pavilion recover for each region/);
  assert.deepEqual(known(), remembered);
  assert.equal(readRestored(stack), undefined);
  assert.equal(await pavilion.done("operator", "card", "--json"), card);
  // By the passwords that were handed out before.
  await pavilion.done("collaboration", "list", "--broker", "core");
  for (const region of regions) {
    await withHsm(region, (hsm) => assert.rejects(hsm.seed(seed), { code: "HSM_KEY_MISSING" }));
  }
  const { code, err } = await pavilion.run("request", third, "--timeout", "20");
  assert.equal(code, 1, err);
  assert.match(err, /^pavilion: TIMED_OUT: The region has no open noise seed/m);
});

test("it stays so while others hold more of its log, and until somebody was asked", async () => {
  const unasked = await pavilion.run("recover");
  assert.equal(unasked.code, 1);
  assert.match(unasked.err, /^pavilion: CONFIRMATION_MISSING: /);
  const behind = await pavilion.run("recover", "--checkpoint", second.replace(".json", ".bundle.json"));
  assert.equal(behind.code, 1, behind.err);
  assert.match(
    behind.out,
    /answers nothing yet: its log has \d+ leaves, and others hold a checkpoint of \d+/,
  );
});

test("it answers again once it has the leaves that it lacked, and counts as spent what it may have forgotten", async () => {
  const out = await pavilion.done("recover", "--leaves", files.copy);
  assert.match(out, /eu-central answers again/);
  const { answer, took } = await answeredWithin(120_000);
  // Of 50 in 30 days: two questions, the price of the dearest one more, and this one.
  assert.deepEqual([answer?.epsilonSpent, answer?.epsilonLeft], ["8", "18"], `after ${String(took)} ms`);
  await prove(pavilion, third, files.trust);
  const { holds, kinds, restores, spent } = await audit();
  assert.deepEqual([holds, restores], [true, 1]);
  const { match, ...others } = kinds as Record<string, number>;
  assert.deepEqual(others, { seed: 2, spend: 3, restore: 1, withheld: 1 });
  // Each of three questions', and that of the last one's repeat, whose leaf may still wait for its batch.
  assert.ok(match !== undefined && match >= 3, String(match));
  const [townspeople] = Object.values(spent as Record<string, { epsilon: string }>);
  assert.equal(townspeople?.epsilon, "32");
});

/** Asks until the region has an open seed. */
async function answeredWithin(
  limitMs: number,
): Promise<{ answer: Awaited<ReturnType<typeof ask>>; took: number }> {
  const started = performance.now();
  for (;;) {
    const took = performance.now() - started;
    try {
      return { answer: await ask(pavilion, third), took };
    } catch (error) {
      if (took > limitMs) throw error;
    }
  }
}
