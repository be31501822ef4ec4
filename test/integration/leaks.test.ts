/**
 * Plants identifiers, values and secrets that stand out, runs them through everything, failures too, and searches all
 * that the connector's side leaves behind: Kafka's disks, the registry's, every log.
 */
import assert from "node:assert/strict";
import { mkdtempSync, readdirSync, readFileSync, rmSync, statSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, before, test } from "node:test";
import { openLog } from "../../runtime/log.ts";
import { requestDraft } from "../../services/cli/demo/example.ts";
import {
  connectBroker,
  homeRegion,
  pushAll,
  setScene,
  signFresh,
  type Scene,
} from "../../services/cli/demo/scene.ts";
import { openProvider } from "../../services/keystore/parties.ts";
import { evaluate, token } from "../../crypto/oprf/oprf.ts";
import { brokerPrincipal, connectorPrincipal, providerPrincipal } from "../../services/operator/access.ts";
import { readTopic } from "./read-topic.ts";

const log = openLog({ service: "test" }, "silent");
const people = 137;
const identifiers = Array.from({ length: people }, (_, index) => `90418273645${String(100_000 + index)}`);

let dir: string;
let scene: Scene;

before(async () => {
  dir = mkdtempSync(join(tmpdir(), "pavilion-test-"));
  scene = await setScene(dir, log);
  await scene.stack.startConnector(homeRegion);
  const lines = (row: (identifier: string, index: number) => string): string =>
    ["soc_sec_id, date_of_birth, state", ...identifiers.map(row)].join("\n");
  const patients = join(dir, "parties", "patients.csv");
  const members = join(dir, "parties", "members.csv");
  // Dirt in both files: a birth date that is none, a state outside the domain, a duplicate.
  writeFileSync(
    patients,
    `${lines((id, n) => `${id}, ${n === 3 ? "plantedbirthdate" : "19500101"}, nsw`)}\n`,
  );
  writeFileSync(members, `${lines((id, n) => `${id}, 19500101, ${n === 5 ? "plantedstate" : "vic"}`)}\n`);
  await pushAll(scene, { "northwind-health": patients, "southbank-insurance": members }, () => undefined);
  const client = await connectBroker(scene, homeRegion, log);
  await client.ask(await signFresh(scene, requestDraft()));
  await client.ask(await signFresh(scene, { ...requestDraft(), purpose: "marketing" }));
  await client.close();
  await plantDeadLetter();
});

after(async () => {
  await scene.stack.stop();
  rmSync(dir, { recursive: true, force: true });
});

const plantedLetter = "planted-in-a-record-that-cannot-be-read";

/** A record that ingest cannot read, which holds what must not reach the dead letters in the clear. */
async function plantDeadLetter(): Promise<void> {
  const { connectKafka } = await import("../../runtime/kafka/client.ts");
  const kafka = connectKafka(scene.stack.access(providerPrincipal("northwind-health")), "planter", log);
  const producer = kafka.producer();
  await producer.connect();
  const headers = { ce_type: "pavilion.RecordBatch", ce_id: "planted" };
  const topic = `${homeRegion}.ingest.northwind-health`;
  await producer.send({ topic, messages: [{ key: "northwind-patients", value: plantedLetter, headers }] });
  await producer.disconnect();
  let letters: unknown[] = [];
  for (let tries = 0; letters.length === 0 && tries < 20; tries++) {
    letters = await readTopic(scene.stack.kafka, `${homeRegion}.ingest.dead-letter`);
  }
  assert.ok(letters.length > 0, "the record went to the dead letters");
}

/** Every file that the connector's side leaves: all but the parties' own folders, and the HSM with its PIN. */
function filesLeft(): string[] {
  const walk = (folder: string): string[] =>
    readdirSync(folder).flatMap((name) => {
      const path = join(folder, name);
      return statSync(path).isDirectory() ? walk(path) : [path];
    });
  return ["kafka", "registry", "log"].flatMap((name) => walk(join(dir, name)));
}

function whereFound(
  needles: readonly (string | Buffer)[],
  except: (file: string) => boolean = () => false,
): string[] {
  return filesLeft()
    .filter((file) => !except(file))
    .filter((file) => {
      const content = readFileSync(file);
      return needles.some((needle) => content.includes(needle));
    });
}

test("the search finds what is there", () => {
  assert.notDeepEqual(whereFound(["northwind-patients"]), []);
});

test("no identifier or value leaves a provider in the clear", () => {
  assert.deepEqual(whereFound([...identifiers, "plantedbirthdate", "plantedstate"]), []);
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
  assert.deepEqual(whereFound(texts), []);
});

test("a dead letter holds the original only sealed", () => {
  const planted = whereFound([plantedLetter]);
  assert.notDeepEqual(planted, []);
  for (const file of planted) assert.match(file, /ingest\.northwind-health-\d/);
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
  assert.deepEqual(whereFound(secrets), []);
});

test("the exact count of matched people stands in no log, header, audit event, notice or error", async () => {
  const exact = new RegExp(`(?<![\\w.-])${String(people)}(?![\\w.-])`);
  const logs = filesLeft().filter((file) => file.startsWith(join(dir, "log")));
  for (const file of logs.filter((name) => name.includes("connector"))) {
    assert.doesNotMatch(readFileSync(file, "utf8"), exact, file);
  }
  for (const name of [
    "audit.events",
    "broker.results",
    "provider.notices.northwind-health",
    "ingest.dead-letter",
  ]) {
    for (const { headers, value } of await readTopic(scene.stack.kafka, `${homeRegion}.${name}`)) {
      assert.doesNotMatch(JSON.stringify(headers), exact, name);
      if (name === "broker.results") continue; // noised counts may happen to be the exact one
      assert.doesNotMatch((value ?? Buffer.alloc(0)).toString("latin1"), exact, name);
    }
  }
});
