/**
 * A stack that an earlier version of this program made, and answered questions in, brought up by this one: it knows what it
 * answered and what was spent, and what it proved still holds. The earlier version refuses to go on after that.
 *
 * The earlier version is the last in which no entry of a state had a rank, from this repository's history: a clone without it
 * skips the test, and says so.
 */
import assert from "node:assert/strict";
import { execFileSync, spawnSync, type ChildProcess } from "node:child_process";
import {
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  symlinkSync,
  writeFileSync,
} from "node:fs";
import { tmpdir } from "node:os";
import { join, resolve } from "node:path";
import { after, describe, test } from "node:test";
import type { Result } from "../../schemas/avro/index.ts";
import { CommandLine } from "./command-line.ts";
import { publishPopulation } from "./population-file.ts";

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

const columnsOf = {
  clinic: '{ name: smoker, kind: flag, source: smoker, "true": ["yes"], nullable: false }',
  insurer: "{ name: region, kind: category, source: region, domain: [north, south], other: other }",
} as const;
const providers = ["clinic", "insurer"] as const;

function collaborationOf(keys: ReadonlyMap<string, string>): string {
  const parts = providers.map(
    (name) => `  - id: ${name}
    key: ${keys.get(name) ?? ""}
    dataset: ${name}
    identifier: { source: id, normalisation: [trim, digits] }
    columns:
      - ${columnsOf[name]}
    limits: { records: 1000, changesPerDay: 4000 }`,
  );
  return `type: pavilion/collaboration
id: cover
version: 1
previous: null
population: townspeople
referenceDate: "2020-01-01"
purposes: [planning]
legalBases: [consent]
matching: { sender: clinic, epoch: 1, partitions: 2 }
providers:
${parts.join("\n")}
budget: { epsilonPerQuestion: "8" }
minimumGroup: 5
brokers:
  - { id: core, key: ${keys.get("core") ?? ""}, tenants: [council] }
`;
}

/** A question of its own for each name. */
function questionFile(name: string, measures: readonly object[]): string {
  const file = join(dir, `${name}.json`);
  const question = {
    ...{
      broker: "core",
      tenant: "council",
      home: "eu-central",
      collaboration: "cover",
      collaborationVersion: 1,
    },
    ...{ purpose: "planning", legalBasis: "consent", epsilon: "8" },
    ...{ question: { measures, groupings: [{ by: "total" }] }, deadlineSeconds: 120 },
  };
  writeFileSync(file, JSON.stringify(question));
  return file;
}

const count = { kind: "count" };
const smokers = { kind: "sum", of: { dataset: "clinic", column: "smoker" } };
const first = questionFile("first", [count]);
const second = questionFile("second", [smokers]);
const third = questionFile("third", [count, smokers]);

async function ask(by: CommandLine, file: string): Promise<Result["answer"]> {
  return (await asked(by, file)).answer;
}

/** Asks, waits for the evidence, and verifies it offline where there is a trust file. */
async function prove(by: CommandLine, file: string, trust?: string): Promise<Result["answer"]> {
  const bundle = file.replace(".json", ".bundle.json");
  const { answer, block } = await asked(by, file, "--bundle", bundle);
  if (trust !== undefined) await by.done("verify", bundle, "--trust", trust, "--block", block);
  return answer;
}

async function asked(
  by: CommandLine,
  ...args: string[]
): Promise<{ answer: Result["answer"]; block: string }> {
  const { results, block } = JSON.parse(await by.done("request", ...args, "--json")) as {
    block?: { hash: string };
    results: { result: Result }[];
  };
  return { answer: results[0]?.result.answer ?? null, block: block?.hash ?? "" };
}

/** A stack of the earlier version that has answered two questions, with their evidence, and is stopped. */
async function madeEarlier(): Promise<Result["answer"][]> {
  mkdirSync(tree);
  execFileSync("tar", ["-x", "-C", tree], { input: git("archive", earlierCommit).stdout });
  symlinkSync(join(clone, "node_modules"), join(tree, "node_modules"));
  await earlier.done("up");
  const keys = new Map<string, string>();
  const parties = [...providers.map((one) => ["provider", one] as const), ["broker", "core"] as const];
  const admit = async ([role, name]: (typeof parties)[number]): Promise<void> => {
    await earlier.done(role, "init", `--${role}`, name);
    await earlier.done(role, "admit", join(earlier.home, `${role}s`, name, "card.json"));
    keys.set(name, await earlier.done(role, "key", `--${role}`, name));
  };
  await Promise.all(parties.map(admit));
  const datasets = providers.map((name) => [name, name] as const);
  await publishPopulation(earlier, dir, { id: "townspeople", epsilon: "100", window: "50", datasets });
  const file = join(dir, "cover.yaml");
  writeFileSync(file, collaborationOf(keys));
  for (const name of providers) await earlier.done("collaboration", "sign", file, "--provider", name);
  await earlier.done("collaboration", "publish", join(dir, "cover.signed.json"));
  agent = earlier.serve("provider", "serve", "--provider", "clinic");
  const rows = Array.from({ length: 100 }, (_, i) => `${String(i)},${i % 4 === 0 ? "yes" : "no"},north`);
  const table = join(dir, "people.csv");
  writeFileSync(table, `${["id,smoker,region", ...rows].join("\n")}\n`);
  const push = (name: string): Promise<string> =>
    earlier.done("provider", "push", "--provider", name, "--collaboration", "cover", table);
  await Promise.all(providers.map(push));
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
