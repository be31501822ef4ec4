import assert from "node:assert/strict";
import { test } from "node:test";
import { PavilionError } from "../errors/errors.ts";
import type { TableEntry } from "../runtime/kafka/tables.ts";
import type { CollaborationEntry } from "../schemas/avro/index.ts";
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
import { Directory } from "./directory.ts";

interface Watched {
  readonly directory: Directory;
  /** Codes of what was refused. */
  readonly refusals: string[];
  /** Each list of providers that was handed on. */
  readonly lists: string[][];
  /** Hands an entry to the directory, as the tables do. */
  readonly apply: <T extends TableEntry["topic"]>(
    topic: T,
    value: (TableEntry & { topic: T })["value"],
  ) => void;
}

function watched(): Watched {
  const refusals: string[] = [];
  const lists: string[][] = [];
  const directory = new Directory((providers) => lists.push(providers));
  return {
    ...{ directory, refusals, lists },
    apply(topic, value) {
      try {
        directory.apply({ topic, value } as unknown as TableEntry);
      } catch (error) {
        assert.ok(error instanceof PavilionError);
        refusals.push(error.code);
      }
    },
  };
}

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

async function publish({ apply }: Watched, ...documents: Collaboration[]): Promise<void> {
  for (const document of documents) apply("config.collaborations", await entryOf(document));
}

const first = collaborationOf();
const matching = { sender: "alpha", epoch: 2, partitions: PARTITIONS };

test("knows each version of a collaboration, and which is the latest", async () => {
  const watch = watched();
  const { directory, refusals } = watch;
  const second = collaborationAfter(first, { minimumGroup: 20 });
  const third = collaborationAfter(second, { referenceDate: "2025-01-01", matching });
  await publish(watch, first, second, third);
  assert.deepEqual(directory.collaborations.latest("health"), third);
  assert.deepEqual(
    [directory.collaborations.at("health", 1), directory.collaborations.at("health", 2)],
    [first, second],
  );
  assert.deepEqual(
    [directory.collaborations.latest("wealth"), directory.collaborations.at("health", 4)],
    [undefined, undefined],
  );
  assert.deepEqual(refusals, []);
});

test("refuses an entry that not every provider signed, or that cannot be read", async () => {
  const { directory, refusals, apply } = watched();
  const { signatures, ...entry } = await entryOf(first);
  apply("config.collaborations", { ...entry, signatures: signatures.slice(1) });
  apply("config.collaborations", { ...entry, document: "{", signatures });
  assert.equal(directory.collaborations.latest("health"), undefined);
  assert.deepEqual(refusals, ["SIGNATURE_MISSING", "DOCUMENT_INVALID"]);
});

test("keeps a version that is known, whatever comes under its number later", async () => {
  const watch = watched();
  const { directory, refusals } = watch;
  await publish(watch, first, collaborationOf({ minimumGroup: 20 }), first);
  assert.deepEqual(directory.collaborations.at("health", 1), first);
  assert.deepEqual(refusals, ["VERSION_SUPERSEDED"]);
});

test("refuses a later version that changes within the epoch what stored data depends on", async () => {
  const watch = watched();
  const { directory, refusals } = watch;
  await publish(watch, first, collaborationAfter(first, { referenceDate: "2025-01-01" }));
  assert.deepEqual(directory.collaborations.latest("health"), first);
  assert.deepEqual(refusals, ["DOCUMENT_INVALID"]);
  const next = collaborationAfter(first, { referenceDate: "2025-01-01", matching });
  await publish(watch, next);
  assert.deepEqual(directory.collaborations.latest("health"), next);
});

test("refuses a later version over another population, and waits for an earlier one that comes after", async () => {
  const watch = watched();
  const { directory, refusals } = watch;
  const second = collaborationAfter(first, { matching });
  await publish(watch, second, first, collaborationAfter(second, { population: "others" }));
  assert.deepEqual(directory.collaborations.latest("health"), second);
  assert.deepEqual(refusals, ["VERSION_EARLY", "DOCUMENT_INVALID"]);
});

test("knows the populations that hold, and refuses one that not everybody signed", async () => {
  const { directory, refusals, apply } = watched();
  const population = populationOf();
  const entry = await populationEntry(population);
  const { signatures } = entry;
  apply("config.populations", { ...entry, signatures: signatures.slice(1) });
  assert.equal(directory.populations.latest("au-residents"), undefined);
  apply("config.populations", entry);
  assert.deepEqual(directory.populations.latest("au-residents"), population);
  assert.deepEqual(refusals, ["SIGNATURE_MISSING"]);
});

test("refuses other columns for a provider that left and came back within the epoch", async () => {
  const watch = watched();
  const { directory, refusals } = watch;
  const gamma = participant("gamma");
  const without = collaborationAfter(first, { providers: [participant("alpha"), participant("beta")] });
  const back = (columns: typeof gamma.columns): Collaboration =>
    collaborationAfter(without, { providers: [...without.providers, { ...gamma, columns }] });
  await publish(watch, first, without, back(gamma.columns.toReversed()));
  assert.deepEqual(directory.collaborations.latest("health"), without);
  assert.deepEqual(refusals, ["DOCUMENT_INVALID"]);
  await publish(watch, back(gamma.columns));
  assert.deepEqual(directory.collaborations.latest("health"), back(gamma.columns));
});

test("lets no collaboration stand in another's way", async () => {
  const watch = watched();
  const { directory, refusals } = watch;
  const other = collaborationOf({ id: "wealth" });
  await publish(watch, first, other);
  assert.deepEqual(
    [directory.collaborations.latest("health"), directory.collaborations.latest("wealth")],
    [first, other],
  );
  assert.deepEqual(refusals, []);
});

test("hands on the admitted providers whenever they change", () => {
  const { directory, lists, apply } = watched();
  const entries = [
    { provider: "beta", admitted: true },
    { provider: "alpha", admitted: true },
    { provider: "alpha", admitted: true },
    { provider: "beta", admitted: false },
    { provider: "gamma", admitted: false },
  ];
  for (const entry of entries) apply("config.providers", entry);
  assert.deepEqual(lists, [["beta"], ["alpha", "beta"], ["alpha"]]);
  assert.deepEqual(directory.providers, ["alpha"]);
});

test("knows who was cut off, until it is admitted again", () => {
  const { directory, apply } = watched();
  const broker = { id: "core", key: "k1" };
  for (const admitted of [false, true]) {
    apply("config.providers", { provider: "alpha", admitted });
    apply("config.brokers", { broker: "core", key: "k1", admitted });
    assert.equal(directory.standing.isProviderRevoked("alpha"), !admitted);
    assert.equal(directory.standing.isBrokerRevoked(broker), !admitted);
  }
});

test("knows the anchored seeds, the last entry of each", () => {
  const { directory, refusals, apply } = watched();
  const [one, two] = [seedRef(1), seedRef(2)];
  const entries = [
    { ...one, open: true },
    { ...two, open: true },
    { ...two, open: false },
  ];
  for (const entry of entries) apply("config.seeds", entry);
  assert.deepEqual(directory.seeds.newest(), { ...one, open: true });
  assert.equal(directory.seeds.openSeed(two.commitment), undefined);
  assert.deepEqual(refusals, []);
});

test("hands out a collaboration's entry as it was published, version by version, and none that was refused", async () => {
  const watch = watched();
  const { directory } = watch;
  const second = collaborationAfter(first, { minimumGroup: 20 });
  const refusedOne = collaborationAfter(second, { referenceDate: "2025-01-01" });
  await publish(watch, first, second, refusedOne);
  for (const document of [first, second]) {
    const entry = directory.collaborations.entryOf("health", document.version);
    assert.deepEqual(entry, await entryOf(document));
  }
  assert.equal(directory.collaborations.entryOf("health", 3), undefined);
  assert.equal(directory.collaborations.entryOf("wealth", 1), undefined);
});
