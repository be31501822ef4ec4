/**
 * The examples of clients, run as their users would run them, against a running stack.
 */
import assert from "node:assert/strict";
import { execFile, execFileSync } from "node:child_process";
import { copyFileSync, existsSync, readFileSync, writeFileSync } from "node:fs";
import { join, resolve } from "node:path";
import { after, before, test } from "node:test";
import { promisify } from "node:util";
import { parse } from "yaml";
import { digestOf } from "../../crypto/jws/canonical.ts";
import type { Result } from "../../schemas/avro/index.ts";
import { BadInputStack, question } from "./bad-input-stack.ts";

const root = resolve(import.meta.dirname, "../..");
const examples = join(root, "examples", "clients");
const run = promisify(execFile);
let stack: BadInputStack;
let python: string;

before(async () => {
  python = pythonWith(join(examples, "requirements.txt"));
  stack = await BadInputStack.start();
});
after(() => stack.stop());

/** A Python of its own with what the example needs; made once a clone, for each list of packages. */
function pythonWith(requirements: string): string {
  const folder = join(root, ".pavilion", "python");
  const command = join(folder, "bin", "python");
  const mark = join(folder, "requirements.txt");
  const isCurrent = existsSync(mark) && readFileSync(mark, "utf8") === readFileSync(requirements, "utf8");
  if (isCurrent) return command;
  execFileSync("python3", ["-m", "venv", "--clear", folder]);
  execFileSync(command, [
    ...["-m", "pip", "install", "--quiet", "--disable-pip-version-check"],
    ...["--require-hashes", "--only-binary", ":all:", "-r", requirements],
  ]);
  copyFileSync(requirements, mark);
  return command;
}

test("the example in TypeScript asks, and gets a result and its evidence", async () => {
  const file = stack.file("ask-ts.json", JSON.stringify(question));
  const folder = join(stack.pavilion.home, "brokers", "core");
  const { stdout, stderr } = await run(process.execPath, [join(examples, "ask.ts"), folder, file]);
  assert.equal(stderr, "");
  const told = JSON.parse(stdout) as { result: Result; hasEvidence: boolean };
  assert.deepEqual([told.result.status, told.hasEvidence], ["provisional", true]);
});

test("the auditor's example reads the whole log, and finds that it holds", async () => {
  const [access, trust] = [join(stack.dir, "watchdog.json"), join(stack.dir, "trust.json")];
  await stack.pavilion.done("auditor", "admit", "--auditor", "watchdog", "--out", access);
  await stack.pavilion.done("trust", "--out", trust);
  const { stdout, stderr } = await run(process.execPath, [join(examples, "audit.ts"), access, trust]);
  assert.equal(stderr, "");
  const told = JSON.parse(stdout) as {
    leaves: number;
    bundles: number;
    spent: { townspeople: { spends: number; epsilon: string } };
    faults: string[];
  };
  const { spends, epsilon } = told.spent.townspeople;
  assert.deepEqual([told.bundles, spends, epsilon, told.faults], [1, 1, "1", []]);
  assert.ok(told.leaves > 2, "a seed, a match and a spend at least");
});

test("the example in Python makes its own key, is admitted, and asks", async () => {
  const keyFile = join(stack.dir, "python-key.pem");
  const { stdout: key } = await run(python, [join(examples, "ask.py"), "key", keyFile]);
  const card = { type: "pavilion/card", role: "broker", id: "pyth", key: key.trim() };
  writeFileSync(join(stack.dir, "card.json"), JSON.stringify(card));
  const access = join(stack.dir, "python-access.json");
  await stack.pavilion.done("broker", "admit", join(stack.dir, "card.json"), "--out", access);
  const previous = digestOf(parse(await stack.yaml()));
  const second = await stack.yaml((text) =>
    text
      .replace("version: 1", "version: 2")
      .replace("previous: null", `previous: ${previous}`)
      .replace("brokers:\n", `brokers:\n  - { id: pyth, key: ${key.trim()}, tenants: [council] }\n`),
  );
  await stack.publish(stack.file("study-two.yaml", second));
  const asked = { ...question, broker: "pyth", collaborationVersion: 2, epsilon: "1/2" };
  const file = stack.file("ask-py.json", JSON.stringify(asked));
  const { stdout } = await run(python, [join(examples, "ask.py"), "ask", access, keyFile, file]);
  const result = JSON.parse(stdout) as Result;
  assert.equal(result.status, "provisional", stdout);
  const count = result.answer?.groups[0]?.estimates[0]?.value ?? 0;
  assert.ok(Math.abs(count - 120) < 200);
});
