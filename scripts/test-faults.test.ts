import assert from "node:assert/strict";
import { mkdir, mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { test, type TestContext } from "node:test";
import { test as runTests } from "./test.ts";

/** A tree with one unit test and one long fault test, which fails unless it is told what it is told to expect. */
async function treeWith(t: TestContext, minutes = "", seed = ""): Promise<string> {
  const root = await mkdtemp(join(tmpdir(), "pavilion-runner-"));
  t.after(() => rm(root, { recursive: true }));
  const head = `import { test } from "node:test";\nimport assert from "node:assert/strict";\n`;
  for (const folder of ["crypto", "test/faults/long"]) await mkdir(join(root, folder), { recursive: true });
  await writeFile(join(root, "crypto/unit.test.ts"), `${head}test("unit", () => {});`);
  const told = `
    import { writeFileSync } from "node:fs";
    test("long", () => {
      const { PAVILION_FAULTS_MINUTES, PAVILION_FAULTS_SEED, PAVILION_FAULTS_PROGRESS } = process.env;
      assert.deepEqual([PAVILION_FAULTS_MINUTES, PAVILION_FAULTS_SEED], ${JSON.stringify([minutes, seed])});
      writeFileSync(PAVILION_FAULTS_PROGRESS, "first\\nall counted\\n");
    });`;
  await writeFile(join(root, "test/faults/long/long.test.ts"), head + told);
  return root;
}

async function run(
  root: string,
  given: Parameters<typeof runTests>[1],
): Promise<{ code: number; lines: string[] }> {
  const lines: string[] = [];
  const code = await runTests([], given, { root, print: (line) => lines.push(line) });
  return { code, lines };
}

test("the long fault tests run when they are asked for, alone, and never otherwise", async (t) => {
  const root = await treeWith(t, "0.5", "7");
  for (const given of [{}, { unit: true }, { integration: true, unit: true }]) {
    const { lines } = await run(root, given);
    assert.equal(lines.at(-1), "1 passed, 0 failed");
    assert.ok(!lines.some((line) => line.includes("long")));
  }
  const { code, lines } = await run(root, { faults: true, minutes: "0.5", seed: "7" });
  assert.equal(lines.at(-1), "1 passed, 0 failed", lines.join("\n"));
  assert.equal(code, 0);
  assert.equal(lines[0], "faults: --minutes 0.5 --seed 7");
  assert.ok(lines.some((line) => line.endsWith("long.test.ts, all counted")));
});

test("without a seed there is one to repeat the run by, and thirty minutes", async (t) => {
  const { lines } = await run(await treeWith(t), { faults: true });
  assert.match(lines[0] ?? "", /^faults: --minutes 30 --seed \d+$/);
});

test("minutes and seeds that are none are not understood", async (t) => {
  const root = await treeWith(t);
  for (const given of [
    { minutes: "0" },
    { minutes: "soon" },
    { minutes: "36000" },
    { seed: "-1" },
    { seed: "1.5" },
  ]) {
    await assert.rejects(run(root, { faults: true, ...given }), {
      code: "ERR_PARSE_ARGS_INVALID_OPTION_VALUE",
    });
  }
});
