/**
 * Plants identifiers, values and secrets that stand out, runs them through everything, failures too, and searches all
 * that the connector's side leaves behind: Kafka's disks, the registry's, every log.
 */
import assert from "node:assert/strict";
import { mkdtempSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, before, test } from "node:test";
import avsc from "avsc";
import { seedFrom } from "../../crypto/groth16/seed.ts";
import { evaluate, token } from "../../crypto/oprf/oprf.ts";
import { stages, topics } from "../../pipelines/pipelines.ts";
import { openHsm } from "../../runtime/hsm/hsm.ts";
import { connectKafka } from "../../runtime/kafka/client.ts";
import { openLog } from "../../runtime/log.ts";
import type { EventName } from "../../schemas/avro/index.ts";
import { changelogTopic, deadLetterTopic, topicFor, type TopicName } from "../../schemas/topics.ts";
import { requestDraft } from "../../examples/example.ts";
import { connectBroker, homeRegion, pushAll, setScene, signFresh, type Scene } from "../../cli/demo/scene.ts";
import { openProvider } from "../../services/keystore/parties.ts";
import { brokerPrincipal, connectorPrincipal, providerPrincipal } from "../../services/operator/access.ts";
import { filesLeft, whereFound, type LeftFile } from "./files-left.ts";
import {
  aboutIncome,
  identifiers,
  incomeOf,
  people,
  plantedFiles,
  receiver,
  sender,
  withIncome,
} from "./planted.ts";
import { readTopic, type TopicRecord } from "./read-topic.ts";
import { openRegionKeys, type RegionKeys } from "./region-keys.ts";
import { numbersIn } from "./numbers-in.ts";
import { testParts } from "./parts.ts";

const log = openLog({ service: "test" }, "silent");
const stageNames = stages.map((stage) => stage.name);
const home = (topic: TopicName, provider?: string): string => topicFor(homeRegion, topic, provider);

const cleanup = new AsyncDisposableStack();
let dir: string;
let scene: Scene;
let region: RegionKeys;
let bundle: string;
/** What the connector's side leaves: all but the parties' own folders, and the HSM with its PIN. */
let left: LeftFile[];

before(async () => {
  dir = mkdtempSync(join(tmpdir(), "pavilion-test-"));
  cleanup.defer(() => {
    rmSync(dir, { recursive: true, force: true });
  });
  scene = await setScene(dir, log, { amend: withIncome, parts: await testParts() });
  cleanup.defer(() => scene.stack.stop());
  await scene.stack.startConnector(homeRegion);
  await pushAll(scene, plantedFiles(join(dir, "parties")), () => undefined);
  const client = await connectBroker(scene, homeRegion, log);
  const answered = await client.ask(await signFresh(scene, client, aboutIncome()));
  assert.equal(answered.code, null);
  bundle = await client.evidence(answered.evidenceFor ?? "");
  await client.ask(await signFresh(scene, client, { ...requestDraft(), purpose: "marketing" }));
  await client.close();
  await plantDeadLetter();
  region = await openRegionKeys(scene.stack, homeRegion);
  left = filesLeft(["kafka", "registry", "chain", "log"].map((name) => join(dir, name)));
});

after(() => cleanup.disposeAsync());

const plantedLetter = "planted-in-a-record-that-cannot-be-read";

/** A record that ingest cannot read, which holds what must not reach the dead letters in the clear. */
async function plantDeadLetter(): Promise<void> {
  const kafka = connectKafka(scene.stack.access(providerPrincipal("northwind-health")), "planter", log);
  const producer = kafka.producer();
  await producer.connect();
  const headers = { ce_type: "pavilion.RecordBatch", ce_id: "planted" };
  const topic = home("ingest.<provider>", sender);
  await producer.send({ topic, messages: [{ key: "northwind-patients", value: plantedLetter, headers }] });
  await producer.disconnect();
  let letters: unknown[] = [];
  for (let tries = 0; letters.length === 0 && tries < 20; tries++) {
    letters = await readTopic(scene.stack.kafka, deadLetterTopic(homeRegion, "ingest"));
  }
  assert.ok(letters.length > 0, "the record went to the dead letters");
}

const read = (...names: string[]): Promise<TopicRecord[]> => readTopic(scene.stack.kafka, names);

/** The one event that a topic carries. */
const eventOn = (topic: TopicName): EventName => topics.of(topic).events[0] ?? "AuditEvent";

test("the search finds what is there", () => {
  assert.notDeepEqual(whereFound(left, ["northwind-patients"]), []);
});

test("no identifier or value leaves a provider in the clear", () => {
  assert.deepEqual(whereFound(left, [...identifiers, "plantedbirthdate", "plantedstate"]), []);
});

const rows = [0, 1, 2, 4, 136];
/** A long in Avro: zigzag, seven bits a byte. */
const varintOf = (value: number): Buffer => avsc.Type.forSchema("long").toBuffer(value);

test("no integer leaves a provider in the clear, neither as text nor as Avro writes it", () => {
  assert.deepEqual(
    whereFound(
      left,
      rows.flatMap((row) => [String(incomeOf(row)), varintOf(incomeOf(row))]),
    ),
    [],
  );
});

test("the planted integers did go through, in the bytes that were searched for", async () => {
  const records = await read(home("dataset.slices"));
  const slices = await Promise.all(
    records.map(({ value }) =>
      region.codec.decode("dataset.slices", "RecordSlice", value ?? Buffer.alloc(0)),
    ),
  );
  const opened = await Promise.all(slices.map((slice) => region.codec.encodePlain("RecordSlice", slice)));
  const holding = rows.map((row) => opened.filter((bytes) => bytes.includes(varintOf(incomeOf(row)))).length);
  assert.deepEqual(
    holding,
    rows.map(() => 1),
  );
});

test("no blinding or seed stands in the clear, neither raw nor as text", async () => {
  const records = await read(home("dataset.slices"));
  const blindings: Buffer[] = [];
  for (const { value } of records) {
    const slice = await region.codec.decode("dataset.slices", "RecordSlice", value ?? Buffer.alloc(0));
    blindings.push(...slice.records.map(({ blinding }) => blinding));
  }
  assert.notEqual(blindings.length, 0);
  const [sums] = await read(home("aggregate.sums"));
  assert.ok(sums?.value);
  const { cells, plan } = await region.codec.decode("aggregate.sums", "ExactAggregate", sums.value);
  const hsm = await openHsm({ ...scene.stack.tokenOf(homeRegion), keys: [] });
  const seed = await hsm.seed(plan.seed.id);
  await hsm.close();
  const element = Buffer.from(seedFrom(seed).toString(16).padStart(64, "0"), "hex");
  const secrets = [
    ...blindings.slice(0, 40),
    ...cells.map(({ blinding }) => blinding),
    Buffer.from(seed),
    element,
  ];
  const texts = secrets.flatMap((bytes) => [bytes, bytes.toString("hex"), bytes.toString("base64url")]);
  assert.deepEqual(whereFound(left, texts), []);
});

test("no token stands in the clear, neither raw nor as text", async () => {
  const folder = scene.stack.partyFolder("northwind-health");
  const keys = await openProvider(
    join(folder, "keystore.json"),
    readFileSync(join(folder, "passphrase"), "utf8"),
  );
  const { secretKey } = keys.epochKey(scene.collaboration.id, scene.collaboration.matching.epoch);
  const tokens = identifiers.map((identifier) =>
    Buffer.from(token(evaluate(secretKey, Buffer.from(identifier)))),
  );
  const texts = tokens.flatMap((bytes) => [
    bytes,
    bytes.toString("hex"),
    bytes.toString("base64url").slice(0, 20),
  ]);
  assert.deepEqual(whereFound(left, texts), []);
});

test("a dead letter holds the original only sealed", async () => {
  const planted = whereFound(left, [plantedLetter]);
  assert.notDeepEqual(planted, []);
  for (const file of planted) assert.match(file, /ingest\.northwind-health-\d/);
  const topic = deadLetterTopic(homeRegion, "ingest");
  const [record] = await read(topic);
  const letter = await region.codec.decodePlain("DeadLetter", record?.value ?? Buffer.alloc(0));
  assert.equal(region.keys.open(letter.sealed, topic).toString(), plantedLetter);
});

const sealedTopics = [
  "dataset.slices",
  "psi.partials",
  "match.preimages",
  "aggregate.sums",
  "dp.witnesses",
] as const;
/** Written only where some wait for others: the same events as on the topics that they come from. */
const turns = ["dp.turns", "zkp.turns"];

test("exactly the topics of records and exact sums are declared sealed", () => {
  const declared = topics.names.filter((name) => topics.of(name).sealed === true);
  assert.deepEqual([...declared].sort(), [...sealedTopics, ...turns].sort());
});

for (const topic of sealedTopics) {
  test(`every value on ${topic} is sealed, and the region opens it`, async () => {
    const records = await read(home(topic));
    assert.notEqual(records.length, 0);
    for (const { value } of records) {
      assert.ok(value);
      // Without a key: what stands there in the clear is an envelope, whatever the declaration says.
      const { event } = await scene.stack.codec.decodePlain("SealedEvent", value);
      assert.equal(event, eventOn(topic));
      await region.codec.decode(topic, eventOn(topic), value);
    }
  });
}

test("changelogs hold neither tables nor keys nor values in the clear", async () => {
  const records = await read(...stageNames.map((stage) => changelogTopic(homeRegion, stage)));
  assert.deepEqual(new Set(records.map(({ topic }) => topic)).size, stages.length);
  for (const { topic, partition, key, value } of records) {
    assert.match(key, /^[0-9a-f]{32,}$/);
    if (value === null) continue;
    const entry = region.keys.open(value, `${topic}/${String(partition)}`).toString();
    assert.ok(entry.startsWith('["') && entry.length >= 8, "what is sealed is a table, a key and a value");
    assert.ok(!value.includes(entry.slice(0, 8)), `${topic} holds an entry in the clear`);
  }
});

test("no password, PIN, passphrase or key stands in a log or on Kafka's disks", () => {
  const { stack } = scene;
  const principals = [
    connectorPrincipal(homeRegion),
    brokerPrincipal("core-broker"),
    ...scene.collaboration.providers.map(({ id }) => providerPrincipal(id)),
  ];
  const passphrases = ["northwind-health", "southbank-insurance", "core-broker"].map((party) =>
    readFileSync(join(stack.partyFolder(party), "passphrase"), "utf8"),
  );
  const secrets = [
    ...principals.map((principal) => stack.access(principal).password),
    ...passphrases,
    stack.tokenOf(homeRegion).pin,
  ];
  assert.deepEqual(whereFound(left, secrets), []);
});

test("no exact count or sum stands in a log, header, audit event, notice or dead letter", async () => {
  const exact = await exactNumbers();
  const told = [
    { topic: home("audit.events"), event: "AuditEvent" },
    ...[sender, receiver].map((id) => ({ topic: home("provider.notices.<provider>", id), event: "Notice" })),
    ...stageNames.map((stage) => ({ topic: deadLetterTopic(homeRegion, stage), event: "DeadLetter" })),
    // Noised counts may happen to be the exact ones: of results and releases the headers alone.
    ...["broker.results.core-broker", "dp.released", "signing.signed"].map((name) => ({
      topic: `${homeRegion}.${name}`,
    })),
  ] as readonly { topic: string; event?: EventName }[];
  const records = await read(...told.map(({ topic }) => topic));
  for (const { topic, headers, value } of records) {
    // Offsets and times are numbers too, and may be any.
    const { ce_id: _id, ce_time: _time, ...others } = headers;
    requireNone(exact, others, `${topic}, headers`);
    const event = told.find((known) => known.topic === topic)?.event;
    if (event !== undefined && value !== null)
      requireNone(exact, await scene.stack.codec.decodePlain(event, value), topic);
  }
  const seen = new Set(records.map(({ topic }) => topic));
  for (const { topic, event } of told) if (event !== "DeadLetter") assert.ok(seen.has(topic), topic);
  assert.ok(seen.has(deadLetterTopic(homeRegion, "ingest")));
  for (const line of connectorLines()) requireNone(exact, line, "the connector's log");
});

test("an evidence bundle tells no exact count or sum, and no leaf on a public topic does", async () => {
  const exact = await exactNumbers();
  const {
    release,
    request,
    collaboration,
    log: evidence,
    ...others
  } = JSON.parse(bundle) as Record<string, Record<string, unknown>>;
  assert.ok(release && request && collaboration && evidence);
  // Terms that are agreed, block times and noised values may be any number.
  const { chain, ...leaves } = evidence;
  const { links, ...anchor } = chain as Record<string, unknown>;
  assert.ok(Array.isArray(links));
  const groups = (release.groups as Record<string, unknown>[]).map(({ values: _, ...group }) => group);
  requireNone(exact, [others, leaves, anchor, groups], "the bundle");
  for (const topic of [home("proofs.pending"), home("proofs.anchored")]) {
    const records = await read(topic);
    assert.notEqual(records.length, 0);
    for (const { value } of records) {
      const event = topic.endsWith("pending") ? "LogLeaf" : "AnchoredLeaf";
      const { text } = await scene.stack.codec.decodePlain(event, value ?? Buffer.alloc(0));
      requireNone(exact, JSON.parse(text), topic);
    }
  }
});

function requireNone(exact: ReadonlySet<number>, told: unknown, where: string): void {
  const found = numbersIn(told).filter((number) => exact.has(number));
  assert.deepEqual(found, [], `${where} tells an exact number`);
}

/** The exact statistics of every group, as the region alone knows them, but for those that any number may be. */
async function exactNumbers(): Promise<ReadonlySet<number>> {
  const [record] = await read(home("aggregate.sums"));
  assert.ok(record?.value);
  const { cells } = await region.codec.decode("aggregate.sums", "ExactAggregate", record.value);
  const exact = new Set(cells.flatMap(({ sums }) => sums).filter((sum) => sum > 9));
  for (const count of [people, people - 1, 57, 43, 36]) assert.ok(exact.has(count), String(count));
  const incomes = identifiers.reduce((sum, _, index) => sum + incomeOf(index), 0);
  assert.ok(exact.has(incomes));
  return exact;
}

/** Without their times. */
function connectorLines(): unknown[] {
  const logs = left.filter(({ path }) => path.startsWith(join(dir, "log", "connector")));
  assert.notEqual(logs.length, 0);
  return logs.flatMap(({ content }) =>
    content
      .toString()
      .trim()
      .split("\n")
      .map((line) => {
        if (!line.startsWith("{")) return line;
        const { time: _, ...entry } = JSON.parse(line) as Record<string, unknown>;
        return entry;
      }),
  );
}
