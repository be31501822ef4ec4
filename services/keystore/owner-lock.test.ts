import assert from "node:assert/strict";
import { spawn, type ChildProcess } from "node:child_process";
import { once } from "node:events";
import { existsSync, mkdtempSync, readdirSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, test } from "node:test";
import { removeLeftOvers, replaceFile } from "./atomic-file.ts";
import { takeOwnership } from "./owner-lock.ts";

const root = mkdtempSync(join(tmpdir(), "owner-"));
const children: ChildProcess[] = [];
after(() => {
  for (const child of children) child.kill("SIGKILL");
  rmSync(root, { recursive: true });
});
let made = 0;
const fresh = (): string => join(root, String(++made), "locks", "push.lock");
const now = { wait: false };

/** A process that runs the code and says so once it has come to its `said()`. */
async function child(code: string): Promise<ChildProcess> {
  const imports =
    `import { takeOwnership } from ${JSON.stringify(import.meta.resolve("./owner-lock.ts"))};` +
    `import { replaceFile } from ${JSON.stringify(import.meta.resolve("./atomic-file.ts"))};` +
    "const said = () => console.log('said'); const forever = () => new Promise(() => setInterval(() => {}, 1000));";
  const process_ = spawn(process.execPath, ["--input-type=module", "-e", imports + code], {
    stdio: ["ignore", "pipe", "inherit"],
  });
  children.push(process_);
  await once(process_.stdout, "data");
  return process_;
}

const holding = (file: string): Promise<ChildProcess> =>
  child(
    `globalThis.held = await takeOwnership(${JSON.stringify(file)}, "it", { wait: false }); said(); await forever();`,
  );

test("a second owner is refused, and told who the first is, in this process and from another", async () => {
  const file = fresh();
  const first = await holding(file);
  await assert.rejects(takeOwnership(file, "dataset people", now), (error: Error) => {
    assert.ok("code" in error && error.code === "AGENT_BUSY");
    assert.match(error.message, new RegExp(`dataset people: process ${String(first.pid)} on .+, since 20`));
    return true;
  });
  const other = fresh();
  using held = await takeOwnership(other, "it", now);
  assert.ok(held);
  await assert.rejects(takeOwnership(other, "it", now), { code: "AGENT_BUSY" });
});

test("a lock ends with the process that holds it, however it ends, and leaves no journal", async () => {
  const file = fresh();
  const first = await holding(file);
  first.kill("SIGKILL");
  await once(first, "exit");
  using held = await takeOwnership(file, "it", now);
  assert.ok(held);
  assert.deepEqual(readdirSync(join(file, "..")).sort(), ["push.lock", "push.lock.holder"]);
});

test("whoever waits is told for whom, and gets the lock once it is free", async () => {
  const file = fresh();
  const first = await holding(file);
  const told: string[] = [];
  const waiting = takeOwnership(file, "it", {
    wait: true,
    onWait: (holder) => {
      told.push(holder);
      first.kill("SIGKILL");
    },
  });
  using held = await waiting;
  assert.ok(held);
  assert.equal(told.length, 1);
  assert.match(told[0] ?? "", new RegExp(`process ${String(first.pid)} `));
});

test("a lock that was given back is free, however often it is", async () => {
  const file = fresh();
  {
    using held = await takeOwnership(file, "it", now);
    held[Symbol.dispose]();
  }
  using again = await takeOwnership(file, "it", now);
  assert.ok(again);
});

test("of what a killed process left only the owner's own files are removed", async () => {
  const folder = join(root, String(++made));
  const file = join(folder, "care.people.pending.jsonl");
  await replaceFile(join(folder, "care.visits.pending.jsonl"), ["kept"]);
  const writer = await child(
    `async function* pieces() { yield "x".repeat(70000); said(); await forever(); }` +
      `await replaceFile(${JSON.stringify(file)}, pieces());`,
  );
  writer.kill("SIGKILL");
  await once(writer, "exit");
  writeFileSync(join(folder, "care.visits.head.json.1.new"), "");
  assert.equal(readdirSync(folder).length, 3);
  assert.equal(await removeLeftOvers(join(folder, "care.people.")), 1);
  assert.equal(existsSync(file), false);
  assert.deepEqual(readdirSync(folder).sort(), ["care.visits.head.json.1.new", "care.visits.pending.jsonl"]);
  assert.equal(await removeLeftOvers(join(root, "nowhere", "x")), 0);
});
