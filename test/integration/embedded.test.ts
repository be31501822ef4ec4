/**
 * The embedded parts, for real: who Kafka lets in and to what, transactions, what the registry refuses and
 * remembers, and that nothing is left running.
 */
import assert from "node:assert/strict";
import { randomBytes } from "node:crypto";
import { spawn } from "node:child_process";
import { once } from "node:events";
import { mkdtempSync, readdirSync, readFileSync, renameSync, rmSync, statSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, before, test } from "node:test";
import { setTimeout as sleep } from "node:timers/promises";
import { Kafka, logLevel } from "kafkajs";
import type { SASLOptions } from "kafkajs";
import { createAcls, createTopics } from "../../runtime/kafka/admin.ts";
import { startKafka } from "../../infra/embedded/kafka.ts";
import type { RunningKafka } from "../../infra/embedded/kafka.ts";
import { partsDir } from "../../infra/embedded/parts.ts";
import { freePorts } from "../../infra/embedded/tcp-ports.ts";
import { startRegistry } from "../../infra/embedded/registry.ts";
import type { RunningRegistry } from "../../infra/embedded/registry.ts";
import { initToken, type Token } from "../../infra/embedded/softhsm.ts";

/** With what path lists, properties, URLs and JDBC take for more than a letter. */
const dir = mkdtempSync(join(tmpdir(), "pavilion, 'embeddèd'; 100% ${HOME} & "));
const password = (): string => randomBytes(18).toString("base64url");
const admin = { name: "admin", password: password() };
const alice = { name: "alice", password: password() };
const mallory = { name: "mallory", password: password() };
const ports = await freePorts(2);
const clientPort = ports[0] ?? 0;
const controllerPort = ports[1] ?? 0;

let kafka: RunningKafka;
let registry: RunningRegistry;
const pids: number[] = [];

function client(sasl: SASLOptions | undefined, port = clientPort, retries = 0): Kafka {
  return new Kafka({
    clientId: "embedded-test",
    brokers: [`127.0.0.1:${String(port)}`],
    logLevel: logLevel.NOTHING,
    connectionTimeout: 2000,
    requestTimeout: 5000,
    retry: { retries, initialRetryTime: 50 },
    ...(sasl === undefined ? {} : { sasl }),
  });
}

function as(user: { readonly name: string; readonly password: string }, retries = 8): Kafka {
  const sasl = { mechanism: "scram-sha-512", username: user.name, password: user.password } as const;
  // A coordinator is not to be found until the first request for one has made its topic.
  return client(sasl, clientPort, retries);
}

async function refusedAtLogin(kafkaClient: Kafka, reason: RegExp): Promise<void> {
  const session = kafkaClient.admin();
  await assert.rejects(async () => {
    await session.connect();
    await session.listTopics();
  }, reason);
  await session.disconnect();
}

async function send(from: Kafka, topic: string, value: string): Promise<void> {
  const producer = from.producer();
  await producer.connect();
  try {
    await producer.send({ topic, messages: [{ value }] });
  } finally {
    await producer.disconnect();
  }
}

async function readOne(from: Kafka, topic: string, groupId: string): Promise<string> {
  const consumer = from.consumer({ groupId });
  try {
    await consumer.connect();
    await consumer.subscribe({ topics: [topic], fromBeginning: true });
    return await new Promise<string>((resolve, reject) => {
      consumer.on(consumer.events.CRASH, ({ payload }) => {
        if (!payload.restart) reject(payload.error);
      });
      const eachMessage = ({ message }: { message: { value: Buffer | null } }): Promise<void> => {
        resolve(message.value?.toString() ?? "");
        return Promise.resolve();
      };
      consumer.run({ eachMessage }).catch(reject);
    });
  } finally {
    await consumer.disconnect();
  }
}

before(async () => {
  const users = [alice, mallory];
  [kafka, registry] = await Promise.all([
    startKafka({
      ...{ dir: join(dir, "kafka"), partsDir, users, superUser: admin },
      ports: { client: clientPort, controller: controllerPort },
    }),
    startRegistry({ dir: join(dir, "registry"), partsDir }),
  ]);
  pids.push(kafka.pid, registry.pid);
  const session = as(admin).admin();
  await session.connect();
  await createTopics(session, [
    { name: "eu.test.events", partitions: 2, config: { "retention.ms": "-1" } },
    { name: "eu.test.transfers", partitions: 1, config: {} },
    { name: "eu.other.events", partitions: 1, config: {} },
  ]);
  const own = { principal: "alice", pattern: "prefixed" } as const;
  await createAcls(session, [
    { ...own, resourceType: "topic", resourceName: "eu.test.", operation: "read" },
    { ...own, resourceType: "topic", resourceName: "eu.test.", operation: "write" },
    { ...own, resourceType: "group", resourceName: "eu.alice.", operation: "read" },
    { ...own, resourceType: "transactionalId", resourceName: "eu.alice.", operation: "write" },
  ]);
  await session.disconnect();
});

after(async () => {
  await Promise.all([kafka.stop(0), registry.stop(0)]);
  rmSync(dir, { recursive: true, force: true });
});

test("Kafka refuses a client without a log-in", async () => {
  await refusedAtLogin(client(undefined), /.+/);
});

test("Kafka refuses a wrong password", async () => {
  await refusedAtLogin(as({ name: "admin", password: password() }), /authentication failed/i);
});

test("Kafka takes no password in the clear on its clients' port", async () => {
  const plain = { mechanism: "plain", username: admin.name, password: admin.password } as const;
  await refusedAtLogin(client(plain), /mechanism/i);
});

test("the controller's port lets in neither strangers nor Kafka's own super user", async () => {
  const plain = { mechanism: "plain", username: admin.name, password: admin.password } as const;
  const scram = { mechanism: "scram-sha-512", username: admin.name, password: admin.password } as const;
  await refusedAtLogin(client(undefined, controllerPort), /.+/);
  await refusedAtLogin(client(plain, controllerPort), /authentication failed/i);
  await refusedAtLogin(client(scram, controllerPort), /mechanism/i);
});

test("a principal without an ACL neither writes nor reads nor sees a topic", async () => {
  await send(as(alice), "eu.test.events", "for alice");
  await assert.rejects(send(as(mallory), "eu.test.events", "x"), /not authorized/i);
  await assert.rejects(readOne(as(mallory), "eu.test.events", "eu.alice.reader"), /not authorized/i);
  const session = as(mallory).admin();
  await session.connect();
  assert.deepEqual(await session.listTopics(), []);
  await assert.rejects(
    createTopics(session, [{ name: "eu.mallory", partitions: 1, config: {} }]),
    /not authorized|errors occurred|topic creation/i,
  );
  await session.disconnect();
});

test("a principal reads and writes what its ACLs allow, and nothing else", async () => {
  assert.equal(await readOne(as(alice), "eu.test.events", "eu.alice.reader"), "for alice");
  await assert.rejects(send(as(alice), "eu.other.events", "x"), /not authorized/i);
  // kafkajs says of a group that it may not use that it has no coordinator; the one above had.
  await assert.rejects(readOne(as(alice), "eu.test.events", "eu.mallory.group"), /find group coordinator/i);
});

test("what was allowed is allowed from that moment on", async () => {
  const [session, user] = [as(admin).admin(), as(mallory).admin()];
  await Promise.all([session.connect(), user.connect()]);
  const topics = ["one", "two", "three", "four", "five"].map((name) => `eu.granted-${name}`);
  await createTopics(
    session,
    topics.map((name) => ({ name, partitions: 1, config: {} })),
  );
  const grant = {
    principal: "mallory",
    resourceType: "topic",
    pattern: "literal",
    operation: "read",
  } as const;
  for (const topic of topics) {
    const more = Array.from({ length: 200 }, (_, index) => `${topic}-${String(index)}`);
    await createAcls(
      session,
      [...more, topic].map((resourceName) => ({ ...grant, resourceName })),
    );
    await user.fetchTopicOffsets(topic);
  }
  await Promise.all([session.disconnect(), user.disconnect()]);
});

test("topics are not made by writing to them", async () => {
  await assert.rejects(send(as(admin, 0), "eu.never.made", "x"));
  const session = as(admin).admin();
  await session.connect();
  assert.ok(!(await session.listTopics()).includes("eu.never.made"));
  await session.disconnect();
});

test("records bear the broker's time, not the client's", async () => {
  const producer = as(admin).producer();
  await producer.connect();
  const topic = "eu.other.events";
  const [sent] = await producer.send({ topic, messages: [{ value: "x", timestamp: "1000" }] });
  await producer.disconnect();
  assert.ok(Number(sent?.logAppendTime) > 1_000_000_000_000);
});

test("readers of committed records see a committed transaction and not an aborted one", async () => {
  const producer = as(alice).producer({
    ...{ transactionalId: "eu.alice.writer", idempotent: true, maxInFlightRequests: 1 },
  });
  await producer.connect();
  const write = async (value: string, end: "commit" | "abort"): Promise<void> => {
    const transaction = await producer.transaction();
    await transaction.send({ topic: "eu.test.transfers", messages: [{ value }] });
    await transaction[end]();
  };
  await write("aborted", "abort");
  await write("committed", "commit");
  await producer.disconnect();
  const seen = new Set<string>();
  const consumer = as(alice).consumer({ groupId: "eu.alice.committed", readUncommitted: false });
  await consumer.connect();
  await consumer.subscribe({ topics: ["eu.test.transfers"], fromBeginning: true });
  await new Promise<void>((resolve, reject) => {
    const eachMessage = ({ message }: { message: { value: Buffer | null } }): Promise<void> => {
      seen.add(message.value?.toString() ?? "");
      if (seen.has("committed")) resolve();
      return Promise.resolve();
    };
    consumer.run({ eachMessage }).catch(reject);
  });
  await consumer.disconnect();
  assert.ok(!seen.has("aborted"));
});

test("a transactional id of another's is refused", async () => {
  const producer = as(mallory).producer({
    ...{ transactionalId: "eu.alice.writer", idempotent: true, maxInFlightRequests: 1 },
  });
  await assert.rejects(async () => {
    await producer.connect();
    await producer.transaction();
  }, /not authorized|authorization/i);
  await producer.disconnect();
});

test("no password stands in a process's arguments or in a file that others can read", () => {
  const secrets = [admin, alice, mallory].map((user) => user.password);
  const args = pids.map((pid) => readFileSync(`/proc/${String(pid)}/cmdline`, "utf8")).join("\n");
  const files = readdirSync(join(dir, "kafka"), { withFileTypes: true }).filter((entry) => entry.isFile());
  for (const { name } of files) {
    const path = join(dir, "kafka", name);
    const text = readFileSync(path, "utf8");
    assert.ok(
      secrets.every((secret) => !text.includes(secret)),
      `${name} holds a client's password`,
    );
    if (/password|PlainLogin/.test(text))
      assert.equal(statSync(path).mode & 0o077, 0, `${name} is open to others`);
  }
  assert.ok(secrets.every((secret) => !args.includes(secret)));
});

test("Kafka keeps topics, ACLs and users over a kill and a restart, and refuses an unknown user", async () => {
  await kafka.stop(0);
  const again = { dir: join(dir, "kafka"), partsDir, superUser: admin };
  const bob = { name: "bob", password: password() };
  await assert.rejects(startKafka({ ...again, users: [bob] }), { code: "CONFIG_INVALID" });
  kafka = await startKafka({
    ...{ ...again, users: [alice, mallory] },
    ports: { client: clientPort, controller: controllerPort },
  });
  pids.push(kafka.pid);
  assert.equal(await readOne(as(alice), "eu.test.events", "eu.alice.after-restart"), "for alice");
  await assert.rejects(send(as(mallory), "eu.test.events", "x"), /not authorized/i);
});

interface Registered {
  readonly status: number;
  readonly id: unknown;
}

async function register(fields: readonly object[]): Promise<Registered> {
  const schema = JSON.stringify({ type: "record", name: "Event", namespace: "eu.test", fields });
  const response = await fetch(`${registry.url}/subjects/eu.test.events-value/versions`, {
    method: "POST",
    headers: { "content-type": "application/json" },
    body: JSON.stringify({ schema }),
  });
  const body = (await response.json()) as { readonly id?: unknown };
  return { status: response.status, id: body.id };
}

test("the registry refuses an incompatible schema and keeps ids over a kill and a restart", async () => {
  const count = { name: "count", type: "int" };
  const first = await register([count]);
  assert.equal(first.status, 200);
  const note = { name: "note", type: "string", default: "" };
  const second = await register([count, note]);
  assert.equal(second.status, 200);
  // Readable by the latest version, not by the first: only transitive checking refuses it.
  const retyped = [{ ...note, type: ["null", "string"], default: null }];
  for (const fields of [
    [{ name: "count", type: "string" }],
    [count, { name: "extra", type: "int" }],
    retyped,
  ]) {
    assert.equal((await register(fields)).status, 409);
  }
  await registry.stop(0);
  registry = await startRegistry({ dir: join(dir, "registry"), partsDir });
  pids.push(registry.pid);
  assert.deepEqual(await register([count]), first);
  assert.deepEqual(await register([count, note]), second);
  assert.equal((await register([count, { name: "extra", type: "int" }])).status, 409);
});

test("a token is made once, with its PIN for its owner alone", async () => {
  const options = { dir: join(dir, "hsm"), label: "eu" };
  const token = await initToken(options);
  assert.deepEqual(await initToken(options), token);
  assert.equal(statSync(join(dir, "hsm", "token.json")).mode & 0o777, 0o600);
  await assert.rejects(initToken({ ...options, label: "us" }), { code: "CONFIG_INVALID" });
  assert.deepEqual(await logInTo(token), [0, null]);
});

test("a token whose PIN is gone is kept, and a making that was interrupted begins anew", async () => {
  const options = { dir: join(dir, "kept hsm"), label: "eu" };
  const token = await initToken(options);
  const file = join(options.dir, "token.json");
  renameSync(file, join(options.dir, "elsewhere.json"));
  await assert.rejects(initToken(options), { code: "HSM_LOGIN_FAILED", message: /is gone/ });
  renameSync(join(options.dir, "elsewhere.json"), file);
  assert.deepEqual(await initToken(options), token);
  assert.deepEqual(await logInTo(token), [0, null]);
  // As a start leaves it that ends before the token is made whole.
  renameSync(file, `${file}.new`);
  const other = await initToken(options);
  assert.notEqual(other.pin, token.pin);
  assert.deepEqual(await logInTo(other), [0, null]);
});

test("a token's folder may be moved, but not to where SoftHSM would read another path", async () => {
  const moved = join(dir, "moved hsm");
  renameSync(join(dir, "hsm"), moved);
  assert.deepEqual(await logInTo(await initToken({ dir: moved, label: "eu" })), [0, null]);
  for (const name of ["hsm #1", "a=b", "two\nlines"]) {
    await assert.rejects(initToken({ dir: join(dir, name), label: "eu" }), {
      code: "CONFIG_INVALID",
      remedy: /PAVILION_HOME/,
    });
  }
});

/** By a process of its own, how it ended: with 3 where a wrong PIN is let in. */
async function logInTo(token: Token): Promise<unknown[]> {
  const script = `
    import pkcs11js from "pkcs11js";
    const { libraryPath, label, pin } = JSON.parse(process.env.TOKEN);
    const module = new pkcs11js.PKCS11();
    module.load(libraryPath);
    module.C_Initialize();
    const slot = module.C_GetSlotList(true).find((one) => module.C_GetTokenInfo(one).label.trim() === label);
    const session = module.C_OpenSession(slot, pkcs11js.CKF_SERIAL_SESSION);
    try { module.C_Login(session, pkcs11js.CKU_USER, pin + "x"); process.exit(3); } catch { /* as it should be */ }
    module.C_Login(session, pkcs11js.CKU_USER, pin);
    module.C_Finalize();`;
  const child = spawn(process.execPath, ["--input-type=module", "-e", script], {
    cwd: import.meta.dirname,
    env: { ...process.env, SOFTHSM2_CONF: token.configFile, TOKEN: JSON.stringify(token) },
    stdio: "inherit",
  });
  return once(child, "exit");
}

function alive(pid: number): boolean {
  try {
    // A zombie is gone for every purpose but its parent's wait.
    return !readFileSync(`/proc/${String(pid)}/stat`, "utf8").includes(") Z ");
  } catch {
    return false;
  }
}

test("a part ends with its parent, even when the parent is killed", async () => {
  const module = join(import.meta.dirname, "../../infra/embedded/process.ts");
  const script = `
    import { startProcess } from ${JSON.stringify(module)};
    const part = await startProcess({ name: "sleep", command: "sleep", args: ["300"],
      cwd: "/", logFile: ${JSON.stringify(join(dir, "sleep.log"))} });
    console.log(part.pid);
    setInterval(() => {}, 1000);`;
  for (const signal of ["SIGTERM", "SIGINT", "SIGKILL"] as const) {
    const parent = spawn(process.execPath, ["--input-type=module", "-e", script], {
      stdio: ["ignore", "pipe", "inherit"],
    });
    const [line] = (await once(parent.stdout, "data")) as [Buffer];
    const pid = Number(line.toString());
    assert.ok(alive(pid));
    parent.kill(signal);
    await once(parent, "exit");
    for (let tries = 0; alive(pid) && tries < 40; tries += 1) await sleep(50);
    assert.ok(!alive(pid), `the part outlived its parent's ${signal}`);
  }
});

test("nothing is left running after stop", async () => {
  await Promise.all([kafka.stop(), registry.stop()]);
  assert.equal(pids.length, 4);
  assert.deepEqual(pids.filter(alive), []);
});
