/**
 * The table of bad inputs: what is put in, and the code that it meets, where it happened. After all of it nothing else is
 * lost: a good push and a good question still go through, and nothing that was in a bad input has leaked into what was said.
 */
import assert from "node:assert/strict";
import { randomUUID } from "node:crypto";
import { createServer } from "node:net";
import { once } from "node:events";
import { execFileSync } from "node:child_process";
import { mkdirSync, readFileSync, renameSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { after, before, test } from "node:test";
import { isErrorCode } from "../../errors/errors.ts";
import type { Result } from "../../schemas/avro/index.ts";
import type { Asked } from "../../services/clients/broker/request.ts";
import { BadInputStack, requestHeaders } from "./bad-input-stack.ts";
import { hostileBatches, packedIn } from "./hostile-batches.ts";
import { asked, documents, files, planted, questions, rows } from "./bad-input-table.ts";
import { CommandLine, type Ran } from "./command-line.ts";

let stack: BadInputStack;
const said: string[] = [];

before(async () => {
  stack = await BadInputStack.start();
});
after(() => stack.stop());

for (const { name, code, command, exit = 1 } of [...files, ...questions, ...documents]) {
  test(`${name}: ${code}`, async () => {
    const ran = await stack.pavilion.run(...(await command(stack)));
    assert.equal(ran.code, exit, ran.out + ran.err);
    requireCode(ran, code);
  });
}

function requireCode({ out, err }: Ran, code: string): void {
  said.push(out + err);
  const [, found] = /^pavilion: ([A-Z_]+): /m.exec(err) ?? [];
  assert.equal(found, code, err);
  assert.ok(isErrorCode(found));
  assert.ok(!/^\s+at .+:\d+:\d+\)?$/m.test(err), "no stack is shown");
}

for (const { name, code, change } of asked) {
  test(`${name}: ${code}`, async () => {
    const { code: exit, out } = await stack.pavilion.run(...stack.asking(change));
    const [only] = (JSON.parse(out) as { results: { result: Result }[] }).results;
    assert.deepEqual([exit, only?.result.status, only?.result.code], [1, "refused", code]);
    said.push(out);
  });
}

test("an unsigned request, and one signed by somebody else: BAD_SIGNATURE", async () => {
  for (const signature of ["", (await stack.signed({ epsilon: "1/2" })).signature]) {
    const result = await stack.ask({ ...(await stack.signed()), signature });
    assert.deepEqual([result.status, result.code], ["refused", "BAD_SIGNATURE"]);
  }
});

test("a clock that is far off: CLOCK_SKEW", async () => {
  for (const minutes of [-6, 6]) {
    const request = await stack.signed({ deadlineSeconds: 600 }, new Date(Date.now() + minutes * 60_000));
    assert.equal((await stack.ask(request)).code, "CLOCK_SKEW");
  }
});

test("an event of an unknown schema, or of none, is answered: EVENT_UNREADABLE", async () => {
  for (const value of [Buffer.from([0, 0, 0, 99, 99, 1, 2, 3]), Buffer.from(planted)]) {
    const client = await stack.client();
    const id = randomUUID();
    const headers = requestHeaders(id);
    const { code, unsigned, requestId } = await client.resultOf(await stack.put(id, value, headers), 30_000);
    assert.deepEqual([code, unsigned, requestId], ["EVENT_UNREADABLE", true, id]);
  }
});

test("an oversized record is refused by Kafka itself, and the topic goes on", async () => {
  await assert.rejects(stack.put(randomUUID(), Buffer.alloc(2_000_000), {}), { type: "MESSAGE_TOO_LARGE" });
});

test("a request in each of Kafka's codecs is read", async () => {
  const client = await stack.client();
  for (const codec of ["none", "gzip", "snappy", "lz4", "zstd"] as const) {
    const { digest, record } = await stack.lateRequest();
    const answered = client.resultOf(digest, 30_000);
    await stack.putRaw(packedIn(codec, [record]), record.key);
    assert.equal((await answered).code, "CLOCK_SKEW", codec);
  }
});

test("bombs, keys of 800 KB and 16,000 headers, from a broker and from a provider, end and stall nothing", async () => {
  const client = await stack.client();
  for (const { name, batch } of hostileBatches) {
    const { digest, record } = await stack.lateRequest();
    const answered = client.resultOf(digest, 30_000);
    const bytes = batch();
    await stack.putRaw(bytes, "patients", "clinic");
    // The request behind it lies in the same partition.
    await stack.putRaw(bytes, record.key);
    await stack.putRaw(packedIn("none", [record]), record.key);
    assert.equal((await answered).code, "CLOCK_SKEW", name);
  }
});

test("duplicates and values out of bounds are told to their provider, by line, and the rest is pushed", async () => {
  const file = stack.file(
    "mixed.csv",
    `id,age\n${rows(120, (i) => `${String(i)},${String(i % 80)}`)}\n1,20\n2,21\n900,4711\n`,
  );
  const { code, out, err } = await stack.pavilion.run(...stack.pushOf("clinic", file), "--json");
  assert.equal(code, 0, err);
  const summary = JSON.parse(out) as { pushed: number; rejected: Record<string, number>; report: string };
  assert.deepEqual(
    [summary.pushed, summary.rejected],
    [120, { "duplicate-identifier": 2, "out-of-bounds": 1 }],
  );
  const lines = readFileSync(summary.report, "utf8").trim().split("\n");
  assert.equal(lines.length, 3);
  assert.ok(!lines.join().includes("4711"));
});

test("a wrong passphrase: KEYSTORE_UNREADABLE, for each command that takes one", async () => {
  const commands = {
    provider: ["clinic", stack.pushOf("clinic", stack.file("ok.csv", "id,age\n1,1\n"))],
    signer: [
      "clinic",
      ["collaboration", "sign", stack.file("sign.yaml", await stack.yaml()), "--provider", "clinic"],
    ],
    broker: ["core", stack.asking({})],
  } as const;
  for (const [role, [name, command]] of Object.entries(commands)) {
    const file = stack.partyFile(role === "broker" ? "broker" : "provider", name, "passphrase");
    const right = readFileSync(file, "utf8");
    writeFileSync(file, "not the passphrase");
    try {
      requireCode(await stack.pavilion.run(...command), "KEYSTORE_UNREADABLE");
    } finally {
      writeFileSync(file, right);
    }
  }
});

test("a keystore of a later version: KEYSTORE_UNREADABLE", async () => {
  const file = stack.partyFile("provider", "clinic", "keystore.json");
  const right = readFileSync(file, "utf8");
  writeFileSync(file, right.replace(/"version": ?1/, '"version":2'));
  try {
    requireCode(await stack.pavilion.run(...stack.pushOf("clinic", "ok.csv")), "KEYSTORE_UNREADABLE");
  } finally {
    writeFileSync(file, right);
  }
});

test("a full disk: DISK_FULL", async (context) => {
  const disk = join(stack.dir, "disk");
  mkdirSync(disk);
  try {
    execFileSync("/usr/bin/mount", ["-t", "tmpfs", "-o", "size=8k", "tmpfs", disk], { stdio: "pipe" });
  } catch {
    context.skip("a small tmpfs cannot be mounted here: it takes root, and a machine that lets it");
    return;
  }
  try {
    writeFileSync(join(disk, "ballast"), Buffer.alloc(4096));
    requireCode(await new CommandLine(disk).run("provider", "init", "--provider", "late"), "DISK_FULL");
  } finally {
    execFileSync("/usr/bin/umount", ["--lazy", disk]);
  }
});

test("after all that a good question is answered, the budget is what it was, and then it is spent: BUDGET_EXHAUSTED", async () => {
  const answers = [];
  for (const epsilon of ["1", "2", "1/2"]) {
    const { out } = await stack.pavilion.run(...stack.asking({ epsilon }));
    answers.push((JSON.parse(out) as { results: { result: Result }[] }).results[0]?.result);
  }
  assert.deepEqual(
    answers.map((result) => result?.code ?? result?.status),
    ["provisional", "provisional", "BUDGET_EXHAUSTED"],
  );
  const count = answers[1]?.answer?.groups[0]?.estimates[0]?.value ?? 0;
  assert.ok(Math.abs(count - 120) < 100);
});

test("the operator and a provider of the data see who asked what and what came of it, the newest first, and no answer", async () => {
  interface Listed {
    readonly requests: readonly {
      readonly status: string;
      readonly code: string | null;
      readonly asked: Asked;
    }[];
    readonly more: boolean;
  }
  const listed = async (...args: string[]): Promise<Listed> => {
    const { out, err, code } = await stack.pavilion.run("requests", "list", ...args, "--json");
    assert.equal(code, 0, err);
    assert.doesNotMatch(out, /"answer"|estimates|"value"/);
    return JSON.parse(out) as Listed;
  };
  for (const reader of [[], ["--provider", "insurer"]]) {
    const { requests, more } = await listed(...reader, "--limit", "3");
    assert.deepEqual(
      [requests.map(({ status, code, asked: { epsilon } }) => [epsilon, code ?? status]), more],
      [
        [
          ["1/2", "BUDGET_EXHAUSTED"],
          ["2", "answered"],
          ["1", "answered"],
        ],
        true,
      ],
    );
    const all = await listed(...reader);
    // What nobody signed is in no list, and no request stands twice.
    assert.equal(new Set(all.requests.map((one) => JSON.stringify(one.asked))).size, all.requests.length);
    assert.ok(all.requests.some(({ code }) => code === "CLOCK_SKEW"));
    assert.ok(all.requests.every(({ code }) => code !== "BAD_SIGNATURE" && code !== "UNKNOWN_COLLABORATION"));
  }
  const { out } = await stack.pavilion.run("requests", "list", "--since", "1d", "--limit", "2");
  assert.match(out, /core for council +count by total +planning +consent +2 +answered, ε 2 spent/);
  const { requests } = await listed("--until", "1d");
  assert.deepEqual(requests, []);
});

test("who is revoked is cut off at once, and is let in again: BROKER_REVOKED, PROVIDER_REVOKED", async () => {
  const revoked = async (role: "provider" | "broker", id: string): Promise<void> => {
    for (let times = 0; times < 2; times++) {
      const { out } = await stack.pavilion.run(role, "revoke", id, "--json");
      assert.deepEqual(JSON.parse(out), { revoked: id, role, regions: ["eu-central", "us-east"] });
    }
  };
  const asked = async (): Promise<unknown> => {
    const { out, err } = await stack.pavilion.run(...stack.asking({ epsilon: "1/2" }));
    said.push(out + err);
    return (JSON.parse(out) as { results: { result: Result }[] }).results[0]?.result.code;
  };
  requireCode(await stack.pavilion.run("broker", "revoke", "nobody"), "CONFIG_INVALID");
  await revoked("provider", "clinic");
  assert.equal(await asked(), "PROVIDER_REVOKED");
  await stack.pavilion.done("provider", "admit", stack.partyFile("provider", "clinic", "card.json"));
  assert.equal(await asked(), "BUDGET_EXHAUSTED");

  const question = await stack.signed();
  // A client that is open would join its group again by a log-in that is no more; operator.test.ts has one in hand.
  await stack.forget();
  await revoked("broker", "core");
  await assert.rejects(stack.ask(question), /SASL|ACCESS_DENIED|[Nn]ot authorized/);
  assert.notEqual((await stack.pavilion.run(...stack.asking({}))).code, 0);
  // Even a record that gets there, by the hands of somebody who may write: it is no admitted broker's.
  const answers = await stack.askAsOperator(question);
  assert.deepEqual([answers.code, answers.unsigned], ["BROKER_REVOKED", true]);
  await stack.pavilion.done("broker", "admit", stack.partyFile("broker", "core", "card.json"));
  await stack.forget();
  assert.equal(await asked(), "BUDGET_EXHAUSTED");
});

test("what could not be read is in the dead letters, and nothing else", async () => {
  const config = join(stack.pavilion.home, "stack", "regions", "eu-central", "connector.json");
  const password = stack.file("operator-password", operatorPassword());
  execFileSync("chmod", ["600", password]);
  const { out, code, err } = await stack.pavilion.run(
    ...[
      "dead-letters",
      "list",
      "--config",
      config,
      "--user",
      "operator",
      "--password-file",
      password,
      "--json",
    ],
  );
  assert.equal(code, 0, err);
  const codes = [...out.matchAll(/"code":"([A-Z_]+)"/g)].map(([, one]) => one);
  const count = (code: string): number => codes.filter((one) => one === code).length;
  // Of the hostile batches: one from the broker, two from the provider, whose topic two stages read.
  assert.deepEqual(["EVENT_UNREADABLE", "RECORD_TOO_LARGE", "EVENT_TYPE_UNKNOWN"].map(count), [
    2,
    3 * hostileBatches.filter(({ code }) => code === "RECORD_TOO_LARGE").length,
    3 * 2,
  ]);
  assert.equal(codes.length, 2 + 3 * hostileBatches.length);
  said.push(out);
});

const operatorPassword = (): string => {
  const text = readFileSync(join(stack.pavilion.home, "stack", "stack.json"), "utf8");
  return (JSON.parse(text) as { passwords: Record<string, string> }).passwords.operator ?? "";
};

test("nothing of what was put in stands in what was said", () => {
  assert.ok(said.length > 30);
  for (const text of said) assert.ok(!text.includes(planted), text);
});

test("a part that is down, a port that is taken and a stack of a later version: coded, for each command", async () => {
  await stack.leave();
  await stack.pavilion.done("down");
  const push = stack.pushOf("clinic", stack.file("ok.csv", "id,age\n1,1\n"));
  const away: [string[], string][] = [
    [push, "STACK_DOWN"],
    [stack.asking({}), "STACK_DOWN"],
    [["provider", "admit", stack.partyFile("provider", "clinic", "card.json")], "STACK_DOWN"],
    [["collaboration", "publish", join(stack.dir, "study.signed.json")], "STACK_DOWN"],
    [["trust"], "STACK_DOWN"],
    [["status"], "STACK_DOWN"],
  ];
  for (const [command, code] of away) requireCode(await stack.pavilion.run(...command), code);

  // To a party on another machine it is a registry that does not answer.
  const folder = join(stack.pavilion.home, "stack");
  renameSync(folder, `${folder}.elsewhere`);
  for (const command of [push, stack.asking({})]) {
    requireCode(await stack.pavilion.run(...command), "REGISTRY_UNAVAILABLE");
  }
  renameSync(`${folder}.elsewhere`, folder);

  const file = join(stack.pavilion.home, "stack", "stack.json");
  const kept = readFileSync(file, "utf8");
  const { ports } = JSON.parse(kept) as { ports: { chain: number } };
  const squatter = createServer().listen(ports.chain, "127.0.0.1");
  await once(squatter, "listening");
  requireCode(await stack.pavilion.run("up"), "PORT_IN_USE");
  squatter.close();

  writeFileSync(file, kept.replace('"version": 2', '"version": 3'));
  requireCode(await stack.pavilion.run("up"), "CONFIG_INVALID");
  writeFileSync(file, kept);
  await stack.pavilion.done("up");
});
