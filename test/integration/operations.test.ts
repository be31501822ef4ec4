/**
 * A region's connector as its operator sees it: dead letters and their way back, metrics, status, traces and logs.
 */
import assert from "node:assert/strict";
import { execFile } from "node:child_process";
import { randomUUID } from "node:crypto";
import { once } from "node:events";
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { createServer } from "node:http";
import type { AddressInfo } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { after, before, test } from "node:test";
import type { PartProcess } from "../../infra/embedded/process.ts";
import { openLog } from "../../runtime/log.ts";
import type { ConnectorConfig } from "../../schemas/json/connector-config.ts";
import { deadLetterTopic, topicFor } from "../../schemas/topics.ts";
import { Stack } from "../../services/stack/stack.ts";
import { readTopic, type TopicRecord } from "./read-topic.ts";
import { testParts } from "./parts.ts";

const region = { name: "eu-central", partitions: 2, jurisdiction: "EU" };
const log = openLog({ service: "test" }, "silent");
const requests = topicFor(region.name, "broker.requests");
const limitMs = 60_000;

const cleanup = new AsyncDisposableStack();
let stack: Stack;
let configFile: string;
let connector: PartProcess;
/** The operator's way into Kafka. */
let operator: string[];

interface Span {
  readonly traceId: string;
  readonly spanId: string;
  readonly parentSpanId?: string;
  readonly name: string;
}

interface Traces {
  readonly resourceSpans: readonly {
    readonly scopeSpans: readonly { readonly spans: readonly Span[] }[];
  }[];
}

const spans: Span[] = [];
/** All that a collector was sent, as it came. */
let sent = "";

/** An OpenTelemetry collector. */
async function startCollector(): Promise<string> {
  const server = createServer((request, response) => {
    const chunks: Buffer[] = [];
    request.on("data", (chunk: Buffer) => chunks.push(chunk));
    request.on("end", () => {
      const text = Buffer.concat(chunks).toString();
      sent += text;
      const { resourceSpans } = JSON.parse(text) as Traces;
      spans.push(...resourceSpans.flatMap(({ scopeSpans }) => scopeSpans.flatMap((scope) => scope.spans)));
      response.writeHead(200, { "content-type": "application/json" }).end("{}");
    });
  });
  server.listen(0, "127.0.0.1");
  await once(server, "listening");
  cleanup.defer(() => {
    server.closeAllConnections();
    server.close();
  });
  return `http://127.0.0.1:${String((server.address() as AddressInfo).port)}`;
}

before(async () => {
  const dir = mkdtempSync(join(tmpdir(), "pavilion-test-"));
  cleanup.defer(() => {
    rmSync(dir, { recursive: true, force: true });
  });
  const endpoint = await startCollector();
  stack = await Stack.start({
    dir,
    regions: [region],
    providers: [],
    brokers: ["core"],
    parts: await testParts(),
    log,
  });
  cleanup.defer(() => stack.stop());
  configFile = stack.connectorConfig(region.name);
  const config = JSON.parse(readFileSync(configFile, "utf8")) as ConnectorConfig;
  writeFileSync(configFile, JSON.stringify({ ...config, tracing: { endpoint } } satisfies ConnectorConfig));
  const { username, password } = stack.access("operator");
  const passwordFile = join(dir, "operator-password");
  writeFileSync(passwordFile, password, { mode: 0o600 });
  operator = ["--user", username, "--password-file", passwordFile];
  connector = await stack.startConnector(region.name);
});

after(() => cleanup.disposeAsync());

interface Ran {
  readonly code: number;
  readonly out: string;
  readonly err: string;
}

/** Runs `./pavilion` beside the connector. */
function pavilion(...args: string[]): Promise<Ran> {
  const main = join(import.meta.dirname, "../../cli/main.ts");
  const command = [main, ...args, "--config", configFile];
  return new Promise((resolve) => {
    execFile(process.execPath, command, (error, out, err) => {
      resolve({ code: error === null ? 0 : Number(error.code), out, err });
    });
  });
}

interface ListedLetter {
  readonly letter: string;
  readonly code: string;
  readonly cause: string | null;
  readonly eventType: string | null;
  readonly key: string;
  readonly traceparent: string | null;
  readonly redriven: boolean;
}

async function listed(...args: string[]): Promise<ListedLetter[]> {
  const { code, out, err } = await pavilion("dead-letters", "list", "--json", ...args);
  assert.equal(code, 0, err);
  return (JSON.parse(out) as { letters: ListedLetter[] }).letters;
}

async function until<T>(take: () => Promise<T | undefined>): Promise<T> {
  const deadline = performance.now() + limitMs;
  for (;;) {
    const taken = await take();
    if (taken !== undefined) return taken;
    assert.ok(performance.now() < deadline, "it did not come in time");
    await sleep(200);
  }
}

const planted = "planted-in-a-request-that-cannot-be-read";
const traceId = "0af7651916cd43dd8448eb211c80319c";
const traceparent = `00-${traceId}-b7ad6b7169203331-01`;
const key = randomUUID();

/** A request that no schema fits, as somebody's broken client would publish it. */
async function publishUnreadable(): Promise<void> {
  const producer = stack.kafka.producer();
  await producer.connect();
  const headers = {
    ce_type: "pavilion.SignedRequest",
    ce_id: randomUUID(),
    ce_source: "/broker/core",
    traceparent,
  };
  await producer.send({ topic: requests, messages: [{ key, value: planted, headers }] });
  await producer.disconnect();
}

const lettersOnKafka = (): Promise<TopicRecord[]> =>
  readTopic(stack.kafka, deadLetterTopic(region.name, "routing"));

const copies = async (): Promise<TopicRecord[]> =>
  (await readTopic(stack.kafka, requests)).filter((record) => record.key === key);

test("an input that cannot be read is a letter that names code, event, key and trace, and hides the original", async () => {
  await publishUnreadable();
  await until(async () => ((await lettersOnKafka()).length > 0 ? true : undefined));
  const [letter, ...more] = await listed();
  assert.ok(letter !== undefined && more.length === 0);
  const { code, cause, eventType, redriven } = letter;
  assert.deepEqual([code, cause, eventType, redriven], ["EVENT_UNREADABLE", null, "SignedRequest", false]);
  assert.equal(letter.key, key);
  assert.equal(letter.traceparent, traceparent);
  assert.match(letter.letter, /^routing\/\d+$/);
  const shown = await pavilion("dead-letters", "show", letter.letter);
  assert.match(shown.out, /EVENT_UNREADABLE/);
  assert.ok(!`${shown.out}${JSON.stringify(await lettersOnKafka())}`.includes(planted));
});

test("filters and names choose letters, and what is not there is an error", async () => {
  assert.equal((await listed("--stage", "routing", "--code", "EVENT_UNREADABLE", "--since", "1h")).length, 1);
  assert.deepEqual(await listed("--stage", "psi,dp"), []);
  assert.deepEqual(await listed("--code", "INTERNAL_ERROR"), []);
  const unknown = await pavilion("dead-letters", "show", "routing/4711");
  assert.deepEqual([unknown.code, unknown.err.includes("DEAD_LETTER_UNKNOWN")], [1, true]);
  const elsewhere = await pavilion("dead-letters", "list", "--region", "us-east");
  assert.deepEqual([elsewhere.code, elsewhere.err.includes("CONFIG_INVALID")], [1, true]);
});

test("the connector's own user may not put requests back", async () => {
  const [letter] = await listed();
  const refused = await pavilion("dead-letters", "redrive", letter?.letter ?? "");
  assert.match(refused.err, /ACCESS_DENIED/);
  assert.equal(refused.code, 1);
  assert.equal((await copies()).length, 1);
});

test("of two redrives at once one puts the original back, with its audit event, and never again", async () => {
  const redrive = (): Promise<Ran> => pavilion("dead-letters", "redrive", "routing/0", ...operator);
  const [letter] = await listed();
  assert.equal(letter?.letter, "routing/0");
  await Promise.all([redrive(), redrive()]);
  const again = await redrive();
  assert.deepEqual([again.code, again.out.trim()], [1, "routing/0  redriven already"]);
  const [original, copy, ...more] = await copies();
  assert.ok(original !== undefined && copy !== undefined && more.length === 0);
  assert.deepEqual(copy.value, original.value);
  assert.equal(copy.partition, original.partition);
  assert.equal(copy.headers.ce_type, original.headers.ce_type);
  assert.equal(copy.headers.traceparent, traceparent);
  assert.notEqual(copy.headers.ce_id, original.headers.ce_id);
  const audit = await readTopic(stack.kafka, topicFor(region.name, "audit.events"));
  const events = await Promise.all(
    audit.map(({ value }) => stack.codec.decode("audit.events", "AuditEvent", value ?? Buffer.alloc(0))),
  );
  const redriven = events.filter(({ action }) => action === "dead-letter.redriven");
  assert.deepEqual(
    redriven.map(({ details }) => [details.letter, details.eventId]),
    [["routing/0", copy.headers.ce_id]],
  );
});

test("what was put back is handled as a new input, and filters then choose only what is left", async () => {
  const second = await until(async () => (await listed()).find(({ redriven }) => !redriven));
  assert.deepEqual(
    (await listed()).map(({ redriven }) => redriven),
    [true, false],
  );
  const { code, out } = await pavilion("dead-letters", "redrive", "--all", "--json", ...operator);
  assert.equal(code, 0);
  assert.deepEqual(JSON.parse(out), { letters: [{ letter: second.letter, outcome: "redriven" }], left: 0 });
  assert.equal((await copies()).length, 3);
});

interface Status {
  readonly stages: readonly {
    stage: string;
    lag: number;
    p50Ms: number | null;
    deadLetters: number;
    redrivenLetters: number;
  }[];
  readonly breakers: Readonly<Record<string, string>>;
}

test("status shows every stage, its letters and latency, no lag once all is handled, and closed breakers", async () => {
  const status = await until(async () => {
    const { code, out, err } = await pavilion("status", "--json");
    assert.equal(code, 0, err);
    const taken = JSON.parse(out) as Status;
    const routing = taken.stages.find(({ stage }) => stage === "routing");
    const isQuiet = taken.stages.every(({ lag }) => lag === 0);
    return isQuiet && routing?.redrivenLetters === 2 && routing.deadLetters === 1 ? taken : undefined;
  });
  assert.equal(status.stages.length, 12);
  assert.ok((status.stages.find(({ stage }) => stage === "routing")?.p50Ms ?? 0) > 0);
  assert.deepEqual(status.breakers, { hsm: "closed", prover: "closed", registry: "closed", chain: "closed" });
  const { out } = await pavilion("status");
  assert.match(out, /^stage +lag +in\/s/);
});

test("metrics hold what is promised, and neither the request nor what was in it", async () => {
  const { metrics } = JSON.parse(readFileSync(configFile, "utf8")) as ConnectorConfig;
  const response = await fetch(`http://127.0.0.1:${String(metrics?.port)}/metrics`);
  const text = await response.text();
  for (const name of ["lag_records", "queue_records", "state_entries", "state_restore_seconds"]) {
    assert.match(text, new RegExp(`pavilion_${name}\\{stage="anchoring",partition="0"`), name);
  }
  assert.match(text, /pavilion_dead_letters_total\{stage="routing",code="EVENT_UNREADABLE"\} 3/);
  assert.match(text, /pavilion_transactions_total\{stage="routing",outcome="committed"\} [1-9]/);
  assert.match(text, /pavilion_kept_records\{stage="routing",topic="changelog"\} \d/);
  assert.match(text, /pavilion_kept_records\{stage="routing",topic="dead-letter"\} \d/);
  assert.match(
    text,
    /pavilion_fill_ratio\{stage="routing",partition="0",of="requests of one broker that wait"\} 0/,
  );
  assert.match(text, /pavilion_state_folder_bytes \d/);
  assert.match(text, /pavilion_state_folder_free_bytes [1-9]/);
  for (const secret of [key, planted, traceId]) assert.ok(!text.includes(secret));
});

test("spans join across hops: what a stage led to is its child, from the sender's trace on", async () => {
  const mine = await until(() => {
    const found = spans.filter((span) => span.traceId === traceId);
    return Promise.resolve(found.some(({ name }) => name === "result process") ? found : undefined);
  });
  const routing = mine.filter(({ name }) => name === "routing process");
  assert.ok(routing.every(({ parentSpanId }) => parentSpanId === "b7ad6b7169203331"));
  const parents = new Set(routing.map(({ spanId }) => spanId));
  for (const { parentSpanId } of mine.filter(({ name }) => name === "result process")) {
    assert.ok(parents.has(parentSpanId ?? ""));
  }
  assert.ok(!sent.includes(planted));
});

test("log lines about a record that nobody signed name its key, region and stage, and the code, and no tenant", async () => {
  const lines = readFileSync(connector.logFile, "utf8")
    .split("\n")
    .filter((line) => line.includes(key));
  const rejected = lines
    .map((line) => JSON.parse(line) as Record<string, unknown>)
    .filter(({ msg }) => msg === "input is rejected");
  assert.equal(rejected.length, 3);
  for (const { requestId, tenant, region: where, stage, code } of rejected) {
    const expected = [key, undefined, region.name, "routing", "EVENT_UNREADABLE"];
    assert.deepEqual([requestId, tenant, where, stage, code], expected);
  }
  assert.ok(!lines.join("\n").includes(planted));
  const { err, code } = await pavilion("status", "--nosuch");
  assert.deepEqual([code, err.includes("USAGE_INVALID")], [2, true]);
});

test("a connector that is started again has forgotten no dead letter", async () => {
  await connector.stop();
  connector = await stack.startConnector(region.name);
  const { out } = await pavilion("status", "--json");
  const { stages } = JSON.parse(out) as Status;
  const routing = stages.find(({ stage }) => stage === "routing");
  assert.deepEqual([routing?.deadLetters, routing?.redrivenLetters], [1, 2]);
  const elsewhere = stages.filter(({ stage }) => stage !== "routing").map(({ deadLetters }) => deadLetters);
  assert.deepEqual(new Set(elsewhere), new Set([0]));
});

test("a record that is no dead letter hides no other, and is told", async () => {
  const earlier = await listed();
  assert.ok(earlier.length > 0);
  const producer = stack.kafka.producer();
  await producer.connect();
  const headers = { ce_type: "pavilion.DeadLetter" };
  const messages = [planted, null].map((value) => ({ key, value, headers }));
  await producer.send({ topic: deadLetterTopic(region.name, "psi"), messages });
  await producer.disconnect();
  const { code, out, err } = await pavilion("dead-letters", "list", "--json");
  assert.equal(code, 0, err);
  const { letters } = JSON.parse(out) as { letters: ListedLetter[] };
  assert.deepEqual(
    letters.map(({ letter }) => letter),
    earlier.map(({ letter }) => letter),
  );
  for (const name of ["psi/0", "psi/1"]) assert.ok(err.includes(`The record ${name} is no dead letter`));
  assert.ok(!err.includes(planted));
});
