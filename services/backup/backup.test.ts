import assert from "node:assert/strict";
import { spawn } from "node:child_process";
import { once } from "node:events";
import {
  appendFileSync,
  existsSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  rmSync,
  statSync,
  symlinkSync,
  truncateSync,
  writeFileSync,
} from "node:fs";
import { cp } from "node:fs/promises";
import { dirname, join } from "node:path";
import { test } from "node:test";
import { readRestored, writeRestored } from "../stack/restored.ts";
import { ownStack, owning } from "../stack/stack-lock.ts";
import { contentOf, freshFolder, index, program, restore, smallStack, take } from "./testing/small-stack.ts";

const supervisors = ["supervisor.pid", "supervision.json", "supervisor.log"];
const refusedAs = (code: string) => ({ code });

test("a stack is put back as it was, its modes and its empty folders too, and marked as restored", async () => {
  const { stack, out } = await smallStack();
  const manifest = await take({ stack, out });
  assert.deepEqual([manifest.regions, manifest.apart, manifest.program], [["eu-central"], [], program]);
  const before = contentOf(stack);
  rmSync(stack, { recursive: true });
  const { restored, movedTo } = await restore({ stack, from: out });
  assert.equal(movedTo, undefined);
  const after = contentOf(stack);
  assert.ok(after.delete("restored.json"));
  for (const name of supervisors) assert.ok(before.delete(name));
  assert.deepEqual(after, before);
  assert.deepEqual(readRestored(stack), restored);
  assert.deepEqual([restored.backup, restored.takenAt], [manifest.id, manifest.begun]);
  assert.notEqual(restored.id, manifest.id);
  const second = join(freshFolder(), "stack");
  assert.notEqual((await restore({ stack: second, from: out })).restored.id, restored.id);
});

test("a backup is for its owner alone, and holes stay holes on both ways", async () => {
  const { stack, out } = await smallStack();
  writeFileSync(join(stack, "stack.json"), readFileSync(join(stack, "stack.json")), { mode: 0o644 });
  await take({ stack, out });
  for (const [path, content] of contentOf(out))
    assert.equal(content.split(" ")[0], statSync(join(out, path)).isDirectory() ? "700" : "600", path);
  assert.equal(statSync(out).mode & 0o777, 0o700);
  rmSync(stack, { recursive: true });
  await restore({ stack, from: out });
  for (const folder of [join(out, "stack"), stack]) {
    const { size, blocks } = statSync(join(folder, index.path));
    assert.equal(size, index.size);
    assert.ok(blocks * 512 < index.size / 10, "the copy of a file with holes is full");
  }
});

test("whatever is refused before a backup begins leaves nothing behind", async () => {
  const { stack, out } = await smallStack();
  const nowhere = freshFolder();
  const there = join(freshFolder(), "there");
  mkdirSync(there);
  const refusals: [string, Parameters<typeof take>[0]][] = [
    ["CONFIG_INVALID", { stack: nowhere, out }],
    ["CONFIG_INVALID", { stack, out: there }],
    ["CONFIG_INVALID", { stack, out: join(nowhere, "none", "backup") }],
    ["CONFIG_INVALID", { stack, out: join(stack, "backup") }],
    ["CONFIG_INVALID", { stack, out: dirname(stack) }],
    ["CONFIG_INVALID", { stack, out: `${out}.partial` }],
    ["DISK_FULL", { stack, out, free: () => Promise.resolve(100_000) }],
  ];
  const before = contentOf(stack);
  for (const [code, plan] of refusals) await assert.rejects(take(plan), refusedAs(code), plan.out);
  {
    using _owned = await ownStack(stack);
    await assert.rejects(take({ stack, out }), refusedAs("STACK_RUNNING"));
  }
  assert.deepEqual(contentOf(stack), before);
  assert.deepEqual([readdirSync(dirname(out)), readdirSync(there), readdirSync(nowhere)], [[], [], []]);
  await take({ stack, out, free: () => Promise.resolve(1_000_000) });
});

test("a link out of the stack's folder is refused, by its name", async () => {
  const { stack, out } = await smallStack();
  symlinkSync("/etc", join(stack, "kafka", "elsewhere"));
  await assert.rejects(take({ stack, out }), { code: "CONFIG_INVALID", message: /kafka\/elsewhere/ });
  assert.deepEqual(readdirSync(dirname(out)), []);
});

test("nobody else has the stack while it is copied, and a copy of what changed meanwhile is none", async () => {
  const changes: ((stack: string) => void)[] = [
    (stack) => {
      appendFileSync(join(stack, index.path), "more");
    },
    (stack) => {
      writeFileSync(join(stack, "new"), "");
    },
    (stack) => {
      rmSync(join(stack, "stack.json"));
    },
  ];
  for (const change of changes) {
    const { stack, out } = await smallStack();
    let isFirst = true;
    let refusing: Promise<void> | undefined;
    const onProgress = (): void => {
      if (!isFirst) return;
      isFirst = false;
      refusing = assert.rejects(ownStack(stack), refusedAs("STACK_RUNNING"));
      change(stack);
    };
    await assert.rejects(take({ stack, out, onProgress }), refusedAs("STACK_RUNNING"));
    assert.ok(refusing);
    await refusing;
    assert.deepEqual(readdirSync(dirname(out)), []);
    using _owned = await ownStack(stack);
  }
});

test("what a killed backup leaves is no backup, and the next one begins anew and says so", async () => {
  const { stack, out } = await smallStack();
  truncateSync(join(stack, index.path), 4 * 1024 * 1024 * 1024);
  const code =
    `const { takeBackup } = await import(${JSON.stringify(import.meta.resolve("./take.ts"))});` +
    "const tell = () => process.stdout.write('.');" +
    `await takeBackup({ ...${JSON.stringify({ stack, out, program })}, onProgress: tell, onNote: tell });`;
  const child = spawn(process.execPath, ["--input-type=module", "-e", code], {
    stdio: ["ignore", "pipe", "inherit"],
  });
  await once(child.stdout, "data");
  child.kill("SIGKILL");
  await once(child, "exit");
  assert.deepEqual(readdirSync(dirname(out)), ["backup.partial"]);
  truncateSync(join(stack, index.path), index.size);
  await assert.rejects(restore({ stack: join(freshFolder(), "stack"), from: `${out}.partial` }), {
    code: "CONFIG_INVALID",
  });
  const notes: string[] = [];
  await take({ stack, out, onNote: (note) => notes.push(note) });
  assert.equal(notes.length, 1);
  assert.deepEqual(readdirSync(dirname(out)), ["backup"]);
  await restore({ stack: join(freshFolder(), "stack"), from: out });
});

test("a backup that was cut off after its last file is none either", async () => {
  const { stack, out } = await smallStack();
  await take({ stack, out });
  const partial = join(freshFolder(), "backup.partial");
  await cp(out, partial, { recursive: true });
  await assert.rejects(
    restore({ stack: join(freshFolder(), "stack"), from: partial }),
    refusedAs("BACKUP_UNSOUND"),
  );
});

test("a folder that only is named like an unfinished backup is left alone, and so is another's that is under way", async () => {
  const { stack, out } = await smallStack();
  const partial = `${out}.partial`;
  mkdirSync(partial);
  writeFileSync(join(partial, "letters"), "");
  await assert.rejects(take({ stack, out }), refusedAs("CONFIG_INVALID"));
  assert.deepEqual(readdirSync(partial), ["letters"]);
  rmSync(partial, { recursive: true });
  {
    using _other = await owning(join(partial, "backup.lock"), "another backup");
    await assert.rejects(take({ stack, out }), refusedAs("STACK_RUNNING"));
    assert.ok(existsSync(join(partial, "backup.lock")));
  }
  await take({ stack, out });
});

test("of a stack on parts that run elsewhere it says what is not in it, and holds no state of theirs", async () => {
  const { stack, out } = await smallStack();
  const parts = {
    kafka: { bootstrap: "kafka:9092", passwordFile: "/run/password" },
    registryUrl: "http://registry:8080/apis/ccompat/v7",
    chain: { url: "http://chain:8545", chainId: 31337 },
    connectors: "elsewhere",
  };
  writeFileSync(join(stack, "parts.json"), JSON.stringify(parts));
  const { apart, files, folders } = await take({ stack, out });
  assert.deepEqual(apart, [
    { part: "kafka", where: "kafka:9092" },
    { part: "registry", where: parts.registryUrl },
    { part: "chain", where: "http://chain:8545" },
    { part: "state", where: null },
    { part: "hsm", where: null },
  ]);
  const paths = [...files, ...folders].map(({ path }) => path);
  assert.ok(paths.includes("regions/eu-central/hsm/token.json"));
  assert.ok(paths.every((path) => !path.includes("state")));
  const stacks = join(freshFolder(), "stack");
  await restore({ stack: stacks, from: out });
  assert.ok(existsSync(join(stacks, "parts.json")));
});

test("a backup of what was restored and never started is of the time of the first", async () => {
  const { stack, out } = await smallStack();
  const first = { id: "1".repeat(32), backup: "2".repeat(32), takenAt: "2026-01-01T00:00:00.000Z" };
  writeRestored(stack, { version: 1, ...first, restoredAt: "2026-01-02T00:00:00.000Z" });
  await take({ stack, out });
  const { restored } = await restore({ stack: join(freshFolder(), "stack"), from: out });
  assert.deepEqual([restored.backup, restored.takenAt], [first.backup, first.takenAt]);
  assert.notEqual(restored.id, first.id);
});
