/**
 * The tutorials as a newcomer follows them: every command block as it stands, one after the other, in a clone. Its folder
 * and the one for temporary files have names that are hard on programs, and nothing tells where things are to lie.
 */
import assert from "node:assert/strict";
import { spawn } from "node:child_process";
import { mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join, resolve } from "node:path";
import { text } from "node:stream/consumers";
import { after, before, test } from "node:test";
import { shell } from "../../runtime/shell.ts";
import { cloneOddly } from "./odd-clone.ts";

const root = resolve(import.meta.dirname, "../..");
const names = ["provider", "broker", "auditor"];
let dir: string;
let clone: string;

/** What each tutorial printed, and how its script ended. */
const told = new Map<string, { readonly code: number; readonly output: string }>();

before(async () => {
  dir = mkdtempSync(join(tmpdir(), "pavilion-tutorial-"));
  clone = cloneOddly(dir);
  mkdirSync(join(dir, "tmp dïr"));
  for (const name of names) told.set(name, await follow(name));
});

after(async () => {
  await run("./pavilion down");
  rmSync(dir, { recursive: true, force: true });
});

function blocksOf(name: string): string {
  const tutorial = readFileSync(join(root, "docs/tutorials", `${name}.md`), "utf8");
  return [...tutorial.matchAll(/^```sh\n(.*?)^```$/gms)].map(([, block]) => block ?? "").join("\n");
}

async function follow(name: string): Promise<{ code: number; output: string }> {
  const script = join(dir, `${name}.sh`);
  // A command that fails ends the tutorial, as it would end a reader's patience.
  writeFileSync(script, `set -e -o pipefail\n${blocksOf(name)}`);
  return run(shell`bash ${script}`);
}

async function run(command: string): Promise<{ code: number; output: string }> {
  const child = spawn("bash", ["-c", `${command} 2>&1`], {
    cwd: clone,
    env: {
      ...process.env,
      TMPDIR: join(dir, "tmp dïr"),
      PAVILION_HOME: undefined,
      PAVILION_PARTS: undefined,
    },
    stdio: ["ignore", "pipe", "inherit"],
  });
  const ended = new Promise<number>((done) => {
    child.once("exit", (code) => {
      done(code ?? 1);
    });
  });
  // What a block leaves in the background must not be waited for.
  const output = await Promise.race([text(child.stdout), ended.then(() => undefined)]);
  return { code: await ended, output: output ?? "" };
}

test("the clone says its version, and lacks nothing", async () => {
  assert.match((await run("./pavilion --version")).output, /^pavilion \d+\.\d+\.\d+, on Node \d+\./);
  const { code, output } = await run("./pavilion doctor");
  assert.equal(code, 0, output);
});

const outputOf = (name: string): string => told.get(name)?.output ?? "";

for (const name of names) {
  test(`the ${name}'s tutorial runs as it is written`, () => {
    assert.equal(told.get(name)?.code, 0, outputOf(name));
  });
}

test("the provider is told what became of both files", () => {
  const output = outputOf("provider");
  for (const line of [
    "smoking-study, version 1, is published in eu-central",
    "400 records of patients are pushed to smoking-study",
    "350 records of members are pushed to smoking-study",
    "117 kept without a value or as other (region: unknown category)",
  ]) {
    assert.ok(output.includes(line), `${line}\n${output}`);
  }
});

test("the broker's answers are the plain join's within their noise, and the repeated one is free", () => {
  const output = outputOf("broker");
  const [, count = "", mean = "", smokers = ""] =
    /total +(\d+) +\d+ … \d+ +([\d.]+) +[\d.]+ … [\d.]+ +(\d+)/.exec(output) ?? [];
  // 300 people are in both, 75 of them smoke; the scale is 2: an error of 200 has no measurable chance.
  assert.ok(Math.abs(Number(count) - 300) < 200 && Math.abs(Number(smokers) - 75) < 200, output);
  assert.ok(Number(mean) > 0 && Number(mean) < 110);
  assert.match(output, /epsilon spent 4; the population may spend 16 more/);
  assert.match(output, /epsilon spent 0; the population may spend 16 more/);
  assert.equal(output.match(/"status":"provisional"/g)?.length, 2);
  assert.match(output, /total +\d+ +\d+ … \d+ +[\d.]+ +[\d.]+ … [\d.]+\n/);
  assert.match(output, /quartiles by age-band: \d+, \d+, \d+,/);
  assert.match(output, /marketing\.json: request [0-9a-f-]{36} is refused\n +POLICY_DENIED/);
});

test("the auditor's bundle holds, and a changed one does not", () => {
  const output = outputOf("auditor");
  assert.match(output, /The bundle holds/);
  assert.match(output, /FAILED/);
  assert.match(output, /exit code 1/);
  assert.match(output, /people-of-the-city has spent epsilon 12 in 5 spends\nThe log holds/);
});
