import assert from "node:assert/strict";
import { test } from "node:test";
import { pino } from "pino";
import { describeError } from "../runtime/log.ts";
import type { Codec } from "../runtime/registry/codec.ts";
import type { TableRecord } from "../runtime/kafka/tables.ts";
import type { CollaborationEntry, EventName, EventTypes } from "../schemas/avro/index.ts";
import type { Collaboration } from "../schemas/json/collaboration.ts";
import {
  collaborationAfter,
  collaborationOf,
  participant,
  PARTITIONS,
  signed,
} from "../test/agent-messages.ts";
import { populationEntry, populationOf } from "../test/populations.ts";
import { seedRef } from "../domain/log/testing/seeds.ts";
import { Topics } from "../schemas/topics.ts";
import { Directory } from "./directory.ts";
import { logTopics } from "./log/topics.ts";
import { termsTopics } from "./terms.ts";

const unused = (): never => assert.fail("the directory decodes, and that alone");

/** Events as JSON. */
const codec: Codec = {
  topics: new Topics(termsTopics, logTopics),
  encode: unused,
  encodePlain: unused,
  decodePlain: unused,
  decode: <N extends EventName>(_topic: unknown, _event: N, bytes: Buffer) =>
    Promise.resolve(JSON.parse(bytes.toString()) as EventTypes[N]),
};

interface Watched {
  readonly directory: Directory;
  /** What is logged as an error: its message and the error's code. */
  readonly logged: [message: string, code: string][];
  /** Each list of providers that was handed on. */
  readonly lists: string[][];
}

function watched(): Watched {
  const logged: Watched["logged"] = [];
  const lists: string[][] = [];
  const write = (line: string): void => {
    const { msg, error } = JSON.parse(line) as { msg: string; error: { code: string } };
    logged.push([msg, error.code]);
  };
  const log = pino({ level: "error", serializers: { error: describeError } }, { write });
  return { directory: new Directory(codec, log, (providers) => lists.push(providers)), logged, lists };
}

const recordOf = (topic: TableRecord["topic"], value: unknown): TableRecord => ({
  topic,
  type: undefined,
  value: value === null ? null : Buffer.from(JSON.stringify(value)),
});

async function entryOf(document: Collaboration): Promise<CollaborationEntry> {
  // Whoever took part before signs too.
  const everybody = collaborationOf().providers;
  const signatures = await Promise.all(
    everybody.map(async ({ id }) => ({
      provider: id,
      signature: (await signed("collaboration", document, id)).signature,
    })),
  );
  const { id, version } = document;
  return { id, version, document: JSON.stringify(document), signatures, departures: [] };
}

async function publish(directory: Directory, ...documents: Collaboration[]): Promise<void> {
  for (const document of documents)
    await directory.apply(recordOf("config.collaborations", await entryOf(document)));
}

const first = collaborationOf();
const matching = { sender: "alpha", epoch: 2, partitions: PARTITIONS };
const refused = (code: string): [string, string] => ["table entry is refused", code];

test("knows each version of a collaboration, and which is the latest", async () => {
  const { directory, logged } = watched();
  const second = collaborationAfter(first, { minimumGroup: 20 });
  const third = collaborationAfter(second, { referenceDate: "2025-01-01", matching });
  await publish(directory, first, second, third);
  assert.deepEqual(directory.collaborations.latest("health"), third);
  assert.deepEqual(
    [directory.collaborations.at("health", 1), directory.collaborations.at("health", 2)],
    [first, second],
  );
  assert.deepEqual(
    [directory.collaborations.latest("wealth"), directory.collaborations.at("health", 4)],
    [undefined, undefined],
  );
  assert.deepEqual(logged, []);
});

test("refuses an entry that not every provider signed, or that cannot be read", async () => {
  const { directory, logged } = watched();
  const { signatures, ...entry } = await entryOf(first);
  await directory.apply(recordOf("config.collaborations", { ...entry, signatures: signatures.slice(1) }));
  await directory.apply(recordOf("config.collaborations", { ...entry, document: "{", signatures }));
  assert.equal(directory.collaborations.latest("health"), undefined);
  assert.deepEqual(logged, [refused("SIGNATURE_MISSING"), refused("DOCUMENT_INVALID")]);
});

test("keeps a version that is known, whatever comes under its number later", async () => {
  const { directory, logged } = watched();
  await publish(directory, first, collaborationOf({ minimumGroup: 20 }), first);
  assert.deepEqual(directory.collaborations.at("health", 1), first);
  assert.deepEqual(logged, [refused("VERSION_SUPERSEDED")]);
});

test("refuses a later version that changes within the epoch what stored data depends on", async () => {
  const { directory, logged } = watched();
  await publish(directory, first, collaborationAfter(first, { referenceDate: "2025-01-01" }));
  assert.deepEqual(directory.collaborations.latest("health"), first);
  assert.deepEqual(logged, [refused("DOCUMENT_INVALID")]);
  const next = collaborationAfter(first, { referenceDate: "2025-01-01", matching });
  await publish(directory, next);
  assert.deepEqual(directory.collaborations.latest("health"), next);
});

test("refuses a later version over another population, and waits for an earlier one that comes after", async () => {
  const { directory, logged } = watched();
  const second = collaborationAfter(first, { matching });
  await publish(directory, second, first, collaborationAfter(second, { population: "others" }));
  assert.deepEqual(directory.collaborations.latest("health"), second);
  assert.deepEqual(logged, [refused("VERSION_EARLY"), refused("DOCUMENT_INVALID")]);
});

test("knows the populations that hold, and refuses one that not everybody signed", async () => {
  const { directory, logged } = watched();
  const population = populationOf();
  const entry = await populationEntry(population);
  const { signatures } = entry;
  await directory.apply(recordOf("config.populations", { ...entry, signatures: signatures.slice(1) }));
  assert.equal(directory.populations.latest("au-residents"), undefined);
  await directory.apply(recordOf("config.populations", entry));
  assert.deepEqual(directory.populations.latest("au-residents"), population);
  assert.deepEqual(logged, [refused("SIGNATURE_MISSING")]);
});

test("refuses other columns for a provider that left and came back within the epoch", async () => {
  const { directory, logged } = watched();
  const gamma = participant("gamma");
  const without = collaborationAfter(first, { providers: [participant("alpha"), participant("beta")] });
  const back = (columns: typeof gamma.columns): Collaboration =>
    collaborationAfter(without, { providers: [...without.providers, { ...gamma, columns }] });
  await publish(directory, first, without, back(gamma.columns.toReversed()));
  assert.deepEqual(directory.collaborations.latest("health"), without);
  assert.deepEqual(logged, [refused("DOCUMENT_INVALID")]);
  await publish(directory, back(gamma.columns));
  assert.deepEqual(directory.collaborations.latest("health"), back(gamma.columns));
});

test("lets no collaboration stand in another's way", async () => {
  const { directory, logged } = watched();
  const other = collaborationOf({ id: "wealth" });
  await publish(directory, first, other);
  assert.deepEqual(
    [directory.collaborations.latest("health"), directory.collaborations.latest("wealth")],
    [first, other],
  );
  assert.deepEqual(logged, []);
});

test("hands on the admitted providers whenever they change, and ignores deletions", async () => {
  const { directory, lists } = watched();
  const entries = [
    { provider: "beta", admitted: true },
    { provider: "alpha", admitted: true },
    { provider: "alpha", admitted: true },
    null,
    { provider: "beta", admitted: false },
    { provider: "gamma", admitted: false },
  ];
  for (const entry of entries) await directory.apply(recordOf("config.providers", entry));
  assert.deepEqual(lists, [["beta"], ["alpha", "beta"], ["alpha"]]);
  assert.deepEqual(directory.providers, ["alpha"]);
});

test("knows who was cut off, until it is admitted again", async () => {
  const { directory } = watched();
  const broker = { id: "core", key: "k1" };
  for (const admitted of [false, true]) {
    await directory.apply(recordOf("config.providers", { provider: "alpha", admitted }));
    await directory.apply(recordOf("config.brokers", { broker: "core", key: "k1", admitted }));
    assert.equal(directory.standing.isProviderRevoked("alpha"), !admitted);
    assert.equal(directory.standing.isBrokerRevoked(broker), !admitted);
  }
});

test("knows the anchored seeds, the last entry of each, and ignores deletions", async () => {
  const { directory, logged } = watched();
  const [one, two] = [seedRef(1), seedRef(2)];
  const entries = [{ ...one, open: true }, { ...two, open: true }, null, { ...two, open: false }];
  for (const entry of entries) await directory.apply(recordOf("config.seeds", entry));
  assert.deepEqual(directory.seeds.newest(), { ...one, open: true });
  assert.equal(directory.seeds.openSeed(two.commitment), undefined);
  assert.deepEqual(logged, []);
});

test("hands out a collaboration's entry as it was published, version by version, and none that was refused", async () => {
  const { directory } = watched();
  const second = collaborationAfter(first, { minimumGroup: 20 });
  const refusedOne = collaborationAfter(second, { referenceDate: "2025-01-01" });
  await publish(directory, first, second, refusedOne);
  for (const document of [first, second]) {
    const entry = directory.collaborations.entryOf("health", document.version);
    assert.deepEqual(entry, await entryOf(document));
  }
  assert.equal(directory.collaborations.entryOf("health", 3), undefined);
  assert.equal(directory.collaborations.entryOf("wealth", 1), undefined);
});
