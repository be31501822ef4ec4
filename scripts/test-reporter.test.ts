import assert from "node:assert/strict";
import { mkdir, mkdtemp, readFile, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { test } from "node:test";
import type { TestContext } from "node:test";
import { runTestFile } from "./test-process.ts";
import { test as runTests } from "./test.ts";

interface Run {
  readonly code: number;
  readonly lines: readonly string[];
}

const head = `import { before, describe, test } from "node:test";\n`;

async function rootWith(t: TestContext, files: Readonly<Record<string, string>>): Promise<string> {
  const root = await mkdtemp(join(tmpdir(), "pavilion-runner-"));
  t.after(() => rm(root, { recursive: true }));
  for (const folder of ["crypto", "test/integration"]) await mkdir(join(root, folder), { recursive: true });
  for (const [path, text] of Object.entries(files)) await writeFile(join(root, path), head + text);
  return root;
}

async function run(
  root: string,
  given: Parameters<typeof runTests>[1] = {},
  ...parts: string[]
): Promise<Run> {
  const lines: string[] = [];
  const code = await runTests(parts, given, { root, print: (line) => lines.push(line) });
  return { code, lines };
}

test("counts a pass, a failure and a crash, and fails", async (t) => {
  const root = await rootWith(t, {
    "crypto/three.test.ts": `
      test("passes", () => {});
      test("fails", () => { throw new Error("wrong\\nanswer"); });
      test("crashes", async () => { await new Promise((r) => setTimeout(r, 50)); process.abort(); });`,
  });
  const { code, lines } = await run(root);
  assert.equal(code, 1);
  assert.equal(lines.at(-1), "1 passed, 2 failed");
  assert.ok(lines.some((line) => line.includes("fails: Error: wrong answer (crypto/three.test.ts:")));
  assert.ok(lines.some((line) => line.includes("crypto/three.test.ts: crashed: SIGABRT")));
});

test("counts leaves, not suites or tests with subtests, and skips apart, over all suites", async (t) => {
  const root = await rootWith(t, {
    "crypto/leaves.test.ts": `
      describe("suite", () => { test("parent", async (t) => { await t.test("a", () => {}); await t.test("b", () => {}); }); });
      test("skipped", { skip: true }, () => {});`,
    "test/integration/one.test.ts": `test("one", () => {});`,
  });
  const all = await run(root);
  assert.deepEqual([all.code, all.lines.at(-1)], [0, "3 passed, 0 failed, 1 skipped"]);
  const integration = await run(root, { integration: true });
  assert.equal(integration.lines.at(-1), "1 passed, 0 failed");
  const named = await run(root, {}, "leaves");
  assert.equal(named.lines.at(-1), "2 passed, 0 failed, 1 skipped");
});

test("counts a failing parent only when it fails on its own account", async (t) => {
  const root = await rootWith(t, {
    "crypto/parents.test.ts": `
      test("parent", async (t) => { await t.test("child", () => { throw new Error("x"); }); });
      describe("suite", () => { before(() => { throw new Error("hook"); }); test("never", () => {}); });`,
  });
  const { lines } = await run(root);
  assert.equal(lines.at(-1), "0 passed, 3 failed");
  assert.ok(lines.some((line) => line.includes("suite: Error: hook")));
});

test("fails a file that reports no test, that does not load, or that exits early without an error", async (t) => {
  const root = await rootWith(t, {
    "crypto/empty.test.ts": "",
    "crypto/broken.test.ts": `throw new Error("does not load");`,
    "crypto/early.test.ts": `test("exits", () => { process.exit(0); });`,
  });
  const { code, lines } = await run(root);
  assert.deepEqual([code, lines.at(-1)], [1, "0 passed, 3 failed"]);
});

test("--json prints one line with the counts", async (t) => {
  const root = await rootWith(t, {
    "crypto/some.test.ts": `test("passes", () => {}); test("skipped", { skip: true }, () => {});`,
  });
  const { code, lines } = await run(root, { json: true });
  assert.deepEqual([code, lines], [0, ['{"passed":1,"failed":0,"skipped":1}']]);
});

test("fails when no file matches", async (t) => {
  const { code, lines } = await run(await rootWith(t, {}));
  assert.deepEqual([code, lines], [1, ["no test file matches", "0 passed, 0 failed"]]);
});

test("stops a file that outlives its time, with what it started, and fails it", async (t) => {
  const root = await rootWith(t, {
    "crypto/slow.test.ts": `
      import { spawn } from "node:child_process";
      test("starts a process and waits", async () => {
        const child = spawn("sleep", ["600"]);
        console.log("started", child.pid, "end");
        await new Promise((r) => setTimeout(r, 600_000));
      });`,
  });
  const outcome = await runTestFile({ root, path: "crypto/slow.test.ts", timeout_ms: 1_500 });
  assert.equal(outcome.passed, 0);
  assert.match(outcome.failures.at(-1)?.error ?? "", /^did not end within 1\.5 s\n/);
  const pid = Number(/started (\d+) end/.exec(outcome.failures.at(-1)?.error ?? "")?.[1]);
  assert.ok(pid > 0);
  assert.equal(await isRunning(pid), false);
});

/** A killed process may wait to be reaped: that is not running. */
async function isRunning(pid: number): Promise<boolean> {
  const stat = await readFile(`/proc/${String(pid)}/stat`, "utf8").catch(() => ") X");
  return !/\) [ZX]/.test(stat);
}
