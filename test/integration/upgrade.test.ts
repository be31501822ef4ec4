/**
 * A stack that an earlier version of this program made, and answered questions in, brought up by this one: it knows what it
 * answered and what was spent, and what it proved still holds. The earlier version refuses to go on after that.
 *
 * The earlier version is the last in which no entry of a state had a rank, from this repository's history: a clone without it
 * skips the test, and says so.
 */
import assert from "node:assert/strict";
import { execFileSync, spawnSync, type ChildProcess } from "node:child_process";
import { mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, symlinkSync } from "node:fs";
import { tmpdir } from "node:os";
import { join, resolve } from "node:path";
import { after, describe, test } from "node:test";
import type { Result } from "../../schemas/avro/index.ts";
import { CommandLine } from "./command-line.ts";
import { ask, count, makeTown, prove, questionFile, smokers } from "./town.ts";

const earlierCommit = "a652790a393d6e3682801fe56a93e4359e2e3dbb";
const clone = resolve(import.meta.dirname, "../..");
const dir = mkdtempSync(join(tmpdir(), "pavilion-upgrade-"));
const tree = join(dir, "earlier");
const earlier = new CommandLine(dir, tree);
const pavilion = new CommandLine(dir);
let agent: ChildProcess | undefined;

const git = (...args: string[]) =>
  spawnSync("git", ["-C", clone, ...args], { maxBuffer: 1024 ** 3, stdio: ["ignore", "pipe", "ignore"] });
const hasHistory = git("cat-file", "-e", `${earlierCommit}^{commit}`).status === 0;
const skip = hasHistory
  ? false
  : `this clone does not have the commit ${earlierCommit.slice(0, 7)}: fetch the whole history`;

const first = questionFile(dir, "first", [count]);
const second = questionFile(dir, "second", [smokers]);
const third = questionFile(dir, "third", [count, smokers]);

/** A stack of the earlier version that has answered two questions, with their evidence, and is stopped. */
async function madeEarlier(): Promise<Result["answer"][]> {
  mkdirSync(tree);
  execFileSync("tar", ["-x", "-C", tree], { input: git("archive", earlierCommit).stdout });
  symlinkSync(join(clone, "node_modules"), join(tree, "node_modules"));
  agent = await makeTown(earlier, dir);
  const answers = [await prove(earlier, first), await prove(earlier, second)];
  agent.kill("SIGTERM");
  await earlier.done("down");
  return answers;
}

after(async () => {
  agent?.kill("SIGTERM");
  if (hasHistory) await pavilion.run("down");
  rmSync(dir, { recursive: true, force: true });
});

describe("a stack of an earlier version, brought up by this one,", { skip }, () => {
  const states = join(dir, "home", "stack", "regions", "eu-central", "state");
  const statesThere = (): string[] => readdirSync(states).filter((name) => name.endsWith(".sqlite"));
  let before: Result["answer"][] = [];

  test("comes up, with its states where they were", async () => {
    before = await madeEarlier();
    assert.deepEqual(
      before.map((answer) => answer?.epsilonLeft),
      ["42", "34"],
    );
    const earlierNames = statesThere();
    assert.ok(earlierNames.length > 0);
    await pavilion.done("up");
    assert.deepEqual(
      statesThere().sort(),
      earlierNames.map((name) => name.replace(/sqlite$/, "2.sqlite")).sort(),
    );
  });

  test("gives a question its stored answer, and spends go on from the totals", async () => {
    const again = await ask(pavilion, first);
    assert.deepEqual(
      [again?.epsilonSpent, again?.epsilonLeft, again?.groups],
      ["0", "34", before[0]?.groups],
    );
    const fresh = await ask(pavilion, third);
    assert.deepEqual([fresh?.epsilonSpent, fresh?.epsilonLeft], ["8", "26"]);
  });

  test("has evidence that holds, of before and of now, and a log that an audit finds whole", async () => {
    const trust = join(dir, "trust.json");
    await pavilion.done("trust", "--out", trust);
    for (const file of [first, third]) assert.equal((await prove(pavilion, file, trust))?.epsilonSpent, "0");
    const access = join(dir, "auditor.json");
    await pavilion.done("auditor", "admit", "--auditor", "watch", "--out", access);
    await pavilion.done("audit", "--access", access, "--trust", trust);
  });

  test("is refused by the earlier version, which touches nothing of it", async () => {
    await pavilion.done("down");
    const file = join(dir, "home", "stack", "stack.json");
    const standing = [readFileSync(file, "utf8"), readdirSync(states)];
    const { code, err } = await earlier.run("up");
    assert.equal(code, 1);
    assert.match(
      err,
      /^pavilion: CONFIG_INVALID: .*stack\.json was written by another version of this program/m,
    );
    assert.deepEqual([readFileSync(file, "utf8"), readdirSync(states)], standing);
  });
});
