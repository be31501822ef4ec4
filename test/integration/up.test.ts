/**
 * `up` and everybody's own files: three providers, three collaborations with every kind of column, ten questions at once,
 * each with the right answer, its spend and its evidence; and all of it still there after a crash.
 */
import assert from "node:assert/strict";
import { spawn, type ChildProcess } from "node:child_process";
import { once } from "node:events";
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join, resolve } from "node:path";
import { createInterface } from "node:readline";
import { setTimeout as sleep } from "node:timers/promises";
import { after, before, test } from "node:test";
import type { Result } from "../../schemas/avro/index.ts";
import { CommandLine } from "./command-line.ts";
import { publishPopulation } from "./population-file.ts";
import { admitAll, collaborationText } from "./townspeople.ts";
import { pushesOfTwoMachines, shared } from "./two-machines.ts";

const dir = mkdtempSync(join(tmpdir(), "pavilion-up-"));
const pavilion = new CommandLine(dir);
const serving: ChildProcess[] = [];
/** What the agents that serve print. */
const told: string[] = [];

/** Person `i` as each provider has them; the numbers say whom each one knows. */
const providers = {
  clinic: {
    from: 1,
    to: 200,
    header: "id,age,smoker,visits",
    row: (i: number) => [i, 20 + (i % 60), i % 4 === 0 ? "yes" : "no", i % 7 === 0 ? "" : i % 9],
    columns: [
      "{ name: age, kind: integer, source: age, transform: none, lower: 0, upper: 110, nullable: false }",
      '{ name: smoker, kind: flag, source: smoker, "true": ["yes"], nullable: false }',
      "{ name: visits, kind: integer, source: visits, transform: none, lower: 0, upper: 20, nullable: true }",
      "{ name: age-squares, kind: squares, of: age }",
      "{ name: age-band, kind: bins, of: age, edges: [30, 50, 65] }",
    ],
  },
  insurer: {
    from: 41,
    to: 240,
    header: "id,region",
    row: (i: number) => [i, i % 3 === 0 ? "north" : i % 3 === 1 ? "south" : "abroad"],
    columns: ["{ name: region, kind: category, source: region, domain: [north, south], other: other }"],
  },
  employer: {
    from: 81,
    to: 220,
    header: "id,sector,hours",
    row: (i: number) => [i, i % 2 === 0 ? "care" : "trade", 20 + (i % 21)],
    columns: [
      "{ name: sector, kind: category, source: sector, domain: [care, trade], other: other }",
      "{ name: hours, kind: integer, source: hours, transform: none, lower: 0, upper: 60, nullable: false }",
    ],
  },
} as const;
type Provider = keyof typeof providers;

const collaborations: Readonly<Record<string, readonly Provider[]>> = {
  "health-and-cover": ["clinic", "insurer"],
  "cover-and-work": ["insurer", "employer"],
  "all-three": ["clinic", "insurer", "employer"],
};

const epsilon = "8";
const column = (dataset: string, name: string) => ({ dataset, column: name });
const by = (dataset: string, name: string) => ({ by: column(dataset, name) });
const mean = (dataset: string, name: string) => ({ kind: "mean", of: column(dataset, name) });
const sum = (dataset: string, name: string) => ({ kind: "sum", of: column(dataset, name) });
const variance = (dataset: string, name: string) => ({ kind: "variance", of: column(dataset, name) });
const count = { kind: "count" };
const total = { by: "total" };

/** Dataset ids are `<provider>-of-<collaboration>`. */
const inA = (provider: Provider): string => `${provider}-of-health-and-cover`;
const inB = (provider: Provider): string => `${provider}-of-cover-and-work`;
const inC = (provider: Provider): string => `${provider}-of-all-three`;
const asked: readonly [collaboration: string, measures: object[], groupings: object[]][] = [
  ["health-and-cover", [count, mean(inA("clinic"), "age")], [total, by(inA("insurer"), "region")]],
  ["health-and-cover", [sum(inA("clinic"), "smoker"), variance(inA("clinic"), "age")], [total]],
  ["health-and-cover", [mean(inA("clinic"), "visits")], [by(inA("insurer"), "region")]],
  ["cover-and-work", [count], [total, by(inB("employer"), "sector")]],
  ["cover-and-work", [mean(inB("employer"), "hours")], [total]],
  ["cover-and-work", [count, sum(inB("employer"), "hours")], [by(inB("insurer"), "region")]],
  ["all-three", [count], [total, by(inC("clinic"), "age-band")]],
  ["all-three", [count, mean(inC("clinic"), "age"), mean(inC("employer"), "hours")], [total]],
  ["all-three", [sum(inC("clinic"), "smoker")], [by(inC("employer"), "sector")]],
  ["all-three", [count, sum(inC("clinic"), "visits")], [total]],
];

const questionFile = (index: number): string => join(dir, `question-${String(index)}.json`);
const files = asked.map((_, index) => questionFile(index));
let results: Result[] = [];

const yamlOf = (id: string, members: readonly Provider[], keys: ReadonlyMap<string, string>): string => {
  const participants = members.map((name) => {
    const { columns } = providers[name];
    return { name, dataset: `${name}-of-${id}`, columns };
  });
  return collaborationText(id, participants, keys);
};

async function agree(keys: ReadonlyMap<string, string>): Promise<void> {
  const later = [shared.id, shared.members] as const;
  const datasets = [...Object.entries(collaborations), later].flatMap(([id, members]) =>
    members.map((name) => [name, `${name}-of-${id}`] as const),
  );
  await publishPopulation(pavilion, dir, { id: "townspeople", epsilon: "200", window: "100", datasets });
  for (const [id, members] of Object.entries(collaborations)) {
    const file = join(dir, `${id}.yaml`);
    writeFileSync(file, yamlOf(id, members, keys));
    for (const name of members) await pavilion.done("collaboration", "sign", file, "--provider", name);
    await pavilion.done("collaboration", "publish", join(dir, `${id}.signed.json`));
  }
}

async function pushEverything(): Promise<void> {
  for (const name of ["clinic", "insurer"]) {
    const agent = pavilion.serve("provider", "serve", "--provider", name, "--json");
    agent.stdout?.setEncoding("utf8").on("data", (text: string) => told.push(text));
    serving.push(agent);
  }
  for (const [name, { from, to, header, row }] of Object.entries(providers)) {
    const rows = Array.from({ length: to - from + 1 }, (_, index) => row(from + index).join(","));
    writeFileSync(join(dir, `${name}.csv`), `${[header, ...rows].join("\n")}\n`);
  }
  for (const [id, members] of Object.entries(collaborations)) {
    const push = (name: string): Promise<string> =>
      pavilion.done("provider", "push", "--provider", name, "--collaboration", id, join(dir, `${name}.csv`));
    await Promise.all(members.map(push));
  }
}

before(async () => {
  await pavilion.done("up");
  await agree(await admitAll(pavilion, Object.keys(providers)));
  await pushEverything();
  for (const [index, [collaboration, measures, groupings]] of asked.entries()) {
    const question = {
      ...{ broker: "core", tenant: "council", home: "eu-central", collaboration, collaborationVersion: 1 },
      ...{ purpose: "planning", legalBasis: "consent", epsilon, question: { measures, groupings } },
      deadlineSeconds: 120,
    };
    writeFileSync(questionFile(index), JSON.stringify(question));
  }
  results = await ask(...files);
});

after(async () => {
  for (const agent of serving) agent.kill("SIGTERM");
  await pavilion.run("down");
  rmSync(dir, { recursive: true, force: true });
});

async function ask(...questions: string[]): Promise<Result[]> {
  const { out } = await pavilion.run("request", ...questions, "--json");
  return (JSON.parse(out) as { results: { result: Result }[] }).results.map(({ result }) => result);
}

/** Whom all of a collaboration's providers know. */
function people(collaboration: string): number[] {
  const members = collaborations[collaboration] ?? [];
  const from = Math.max(...members.map((name) => providers[name].from));
  const to = Math.min(...members.map((name) => providers[name].to));
  return Array.from({ length: to - from + 1 }, (_, index) => from + index);
}

/** What a plain join gives for a measure over some people. */
function plain(measure: string, among: readonly number[]): number {
  const [, kind = "count", provider = "", name = ""] =
    /^(\w+)\((\w+)-of-[\w-]+\.(\w+)\)$/.exec(measure) ?? [];
  if (kind === "count") return among.length;
  const { header, row } = providers[provider as Provider];
  const at = header.split(",").indexOf(name);
  const values = among.map((i) => row(i)[at]).filter((value) => value !== "");
  const added = values
    .map((value) => (value === "yes" ? 1 : Number(value) || 0))
    .reduce((one, two) => one + two, 0);
  if (kind === "sum") return added;
  const mean = added / values.length;
  if (kind === "mean") return mean;
  return (
    values.map((value) => (Number(value) - mean) ** 2).reduce((one, two) => one + two, 0) / values.length
  );
}

function membersOf(result: Result, index: number, grouping: string, category: string): number[] {
  assert.ok(result.answer);
  const everybody = people(asked[index]?.[0] ?? "");
  if (grouping === "total") return everybody;
  const [, from, to] = /^(\d+) to (\d+)$/.exec(category) ?? [];
  if (from !== undefined) {
    return everybody.filter((i) => {
      const age = Number(providers.clinic.row(i)[1]);
      return age >= Number(from) && age <= Number(to);
    });
  }
  const provider = grouping.includes("region") ? "insurer" : "employer";
  const known = category === "other" ? "abroad" : category;
  return everybody.filter((i) => providers[provider].row(i)[1] === known);
}

test("ten questions at once over three collaborations are answered, each for itself", () => {
  assert.deepEqual(
    results.map(({ status, code }) => code ?? status),
    asked.map(() => "provisional"),
  );
  for (const [index, result] of results.entries()) {
    for (const { grouping, category, suppressed, estimates } of result.answer?.groups ?? []) {
      const among = membersOf(result, index, grouping, category);
      if (suppressed) {
        assert.ok(among.length < 60, "a large group is told");
        continue;
      }
      for (const { measure, value, lower, upper } of estimates) {
        const exact = plain(measure, among);
        // Five times the interval, which holds the exact value 19 times of 20: an error beyond it has no measurable chance.
        const width = Math.max((upper ?? 0) - (lower ?? 0), 1);
        assert.ok(
          Math.abs((value ?? NaN) - exact) <= 5 * width,
          `question ${String(index)}, ${measure}: ${String(value)} for ${String(exact)}`,
        );
      }
    }
  }
});

test("agents say in JSON that they serve, and whatever else they say", () => {
  const lines = told.join("").trim().split("\n");
  const serve = lines.map((line) => (JSON.parse(line) as { serves?: string }).serves);
  assert.deepEqual(serve.filter((name) => name !== undefined).sort(), ["clinic", "insurer"]);
});

test("each was charged once, to the one budget of its people", () => {
  const left = results.map(({ answer }) => Number(answer?.epsilonLeft)).sort((one, two) => one - two);
  assert.ok(results.every(({ answer }) => answer?.epsilonSpent === epsilon));
  // One after the other at the ledger: 92, 84, … of 100.
  assert.deepEqual(left, asked.map((_, index) => 100 - 8 * (index + 1)).reverse());
});

test("each has its evidence, which holds", async () => {
  const trust = join(dir, "trust.json");
  await pavilion.done("trust", "--out", trust);
  for (const file of files) {
    const bundle = file.replace(".json", ".bundle.json");
    const told = JSON.parse(await pavilion.done("request", file, "--bundle", bundle, "--json")) as {
      block: { hash: string };
      results: { result: Result }[];
    };
    assert.equal(told.results[0]?.result.answer?.epsilonSpent, "0");
    await pavilion.done("verify", bundle, "--trust", trust, "--block", told.block.hash);
  }
});

test("quartiles are read off bins", async () => {
  const { out } = await pavilion.run("request", questionFile(6));
  assert.match(out, /^ {2}quartiles by age-band: \d+, \d+, \d+,/m);
});

pushesOfTwoMachines({
  ...{ pavilion, dir, serving, header: providers.employer.header },
  row: (i) => providers.employer.row(i).join(","),
  agree: async () => {
    const { id, members } = shared;
    const keys = new Map<string, string>();
    for (const name of members) keys.set(name, await pavilion.done("provider", "key", "--provider", name));
    keys.set("core", await pavilion.done("broker", "key", "--broker", "core"));
    const file = join(dir, `${id}.yaml`);
    writeFileSync(file, yamlOf(id, members, keys).replaceAll("records: 1000", "records: 200"));
    for (const name of members) await pavilion.done("collaboration", "sign", file, "--provider", name);
    await pavilion.done("collaboration", "publish", join(dir, `${id}.signed.json`));
  },
});

test("after everything was killed it is all there: the stored answer costs nothing", async () => {
  const supervisor = Number(readFileSync(join(pavilion.home, "stack", "supervisor.pid"), "utf8"));
  process.kill(supervisor, "SIGKILL");
  const { code, err } = await pavilion.run("request", questionFile(0));
  assert.equal(code, 1);
  assert.match(err, /^pavilion: STACK_DOWN: .*\n +Run \.\/pavilion up first/);
  await pavilion.done("up");
  const [again] = await ask(questionFile(0));
  assert.equal(again?.answer?.epsilonSpent, "0");
  assert.deepEqual(again.answer.groups, results[0]?.answer?.groups);
});

interface Process {
  readonly name: string;
  readonly state: "up" | "away";
  readonly pid: number;
  readonly restarts: number;
  readonly ended: string | null;
}

async function processes(): Promise<readonly Process[]> {
  // A connector that does not answer is told beside its end.
  const { out } = await pavilion.run("status", "--json");
  return (JSON.parse(out) as { processes: Process[] }).processes;
}

async function until<T>(take: () => Promise<T | undefined>): Promise<T> {
  const deadline = performance.now() + 120_000;
  for (;;) {
    const taken = await take();
    if (taken !== undefined) return taken;
    assert.ok(performance.now() < deadline, "it did not come in time");
    await sleep(200);
  }
}

const parts = ["Kafka", "the schema registry", "the chain"];

for (const name of [...parts, "the connector of eu-central", "the connector of us-east"]) {
  test(`${name}, killed, is started again alone, and the next question is answered`, async () => {
    const before = await processes();
    const victim = before.find((one) => one.name === name);
    assert.ok(victim, JSON.stringify(before));
    process.kill(victim.pid, "SIGKILL");
    const { ended, pid } = await until(async () =>
      (await processes()).find((one) => one.name === name && one.state === "up" && one.pid !== victim.pid),
    );
    assert.equal(ended, "signal SIGKILL");
    assert.notEqual(pid, victim.pid);
    const [again] = await ask(questionFile(1));
    assert.deepEqual(again?.answer?.groups, results[1]?.answer?.groups);
    // A connector may give Kafka up for lost, and is then started again itself; nothing else goes with anything.
    const others = (all: readonly Process[]): unknown =>
      all
        .filter((one) => one.name !== name && (name !== "Kafka" || parts.includes(one.name)))
        .map((one) => [one.name, one.pid]);
    assert.deepEqual(others(await processes()), others(before));
  });
}

test("after all that a new question is answered, charged once, anchored and proven", async () => {
  const file = join(dir, "after-the-kills.json");
  const asked = JSON.parse(readFileSync(questionFile(6), "utf8")) as object;
  writeFileSync(file, JSON.stringify({ ...asked, epsilon: "4" }));
  const bundle = join(dir, "after-the-kills.bundle.json");
  const told = JSON.parse(await pavilion.done("request", file, "--bundle", bundle, "--json")) as {
    block: { hash: string };
    results: { result: Result }[];
  };
  assert.equal(told.results[0]?.result.answer?.epsilonLeft, "16");
  await pavilion.done("verify", bundle, "--trust", join(dir, "trust.json"), "--block", told.block.hash);
});

test("a newer, compatible schema leaves what stands readable, and everybody goes on", async () => {
  const { registryUrl } = JSON.parse(readFileSync(join(pavilion.home, "stack", "stack.json"), "utf8")) as {
    registryUrl: string;
  };
  const subject = `${registryUrl}/subjects/pavilion.RoutedRequest/versions`;
  const { schema } = (await (await fetch(`${subject}/latest`)).json()) as { schema: string };
  const newer = JSON.parse(schema) as { fields: object[] };
  newer.fields.push({ name: "note", type: ["null", "string"], default: null });
  const body = JSON.stringify({ schema: JSON.stringify(newer) });
  const headers = { "content-type": "application/json" };
  assert.equal((await fetch(subject, { method: "POST", headers, body })).status, 200);
  await pavilion.done("down");
  await pavilion.done("up");
  const [again] = await ask(questionFile(9));
  assert.deepEqual(again?.answer?.groups, results[9]?.answer?.groups);
});

/** The agent as a program of its own, in another provider's name. */
function agentProgram(provider: string): ChildProcess {
  const folder = join(pavilion.home, "providers", provider);
  const access = JSON.parse(readFileSync(join(folder, "access.json"), "utf8")) as {
    kafka: { bootstrap: string; username: string; password: string };
    registryUrl: string;
    regionKey: string;
  };
  const secret = join(folder, "kafka-password");
  const { password, ...kafka } = access.kafka;
  writeFileSync(secret, password, { mode: 0o600 });
  const config = join(folder, "agent.json");
  writeFileSync(
    config,
    JSON.stringify({
      ...{ provider, region: "eu-central", kafka: { ...kafka, passwordFile: secret } },
      ...{ registryUrl: access.registryUrl, regionKey: access.regionKey, logLevel: "info" },
      ...{ keystoreFile: join(folder, "keystore.json"), passphraseFile: join(folder, "passphrase") },
      stateFolder: join(folder, "state"),
    }),
  );
  const main = resolve(import.meta.dirname, "../../services/provider-agent/main.ts");
  return spawn(process.execPath, [main, "--config", config, "serve"], {
    stdio: ["ignore", "pipe", "inherit"],
  });
}

test("agents that serve and have lost their Kafka end when they are told to", async () => {
  const program = agentProgram("employer");
  serving.push(program);
  assert.ok(program.stdout);
  for await (const line of createInterface({ input: program.stdout })) {
    if (line.includes("agent is serving")) break;
  }
  await pavilion.done("down");
  const alive = serving
    .splice(0)
    .filter(({ exitCode, signalCode }) => exitCode === null && signalCode === null);
  assert.ok(alive.includes(program));
  const ends = alive.map(async (agent) => {
    const ended = once(agent, "exit");
    const told = performance.now();
    agent.kill("SIGTERM");
    await ended;
    return performance.now() - told;
  });
  // Within five seconds, and as much again on a machine that has other work.
  for (const took of await Promise.all(ends)) assert.ok(took < 10_000, String(took));
});
