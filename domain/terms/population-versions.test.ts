import assert from "node:assert/strict";
import { beforeEach, describe, test } from "node:test";
import { digestOf } from "../../crypto/jws/canonical.ts";
import type { Departure, PopulationEntry } from "../../schemas/avro/index.ts";
import type { Population } from "../../schemas/json/population.ts";
import {
  budgetOf,
  datasetOf,
  departureFrom,
  keyNamed,
  populationAfter,
  populationEntry,
  populationOf,
} from "../../test/populations.ts";
import { publicKeyText } from "./signatures.ts";
import { PopulationVersions } from "./population-versions.ts";

const first = populationOf();
const richer = populationAfter(first, {
  budget: budgetOf("9"),
  homes: populationOf({ budget: budgetOf("9") }).homes,
});
const withoutGamma = populationAfter(first, { datasets: [datasetOf("alpha"), datasetOf("beta")] });
const remaining = [
  ["alpha", "alpha"],
  ["beta", "beta"],
] as const;

let table: PopulationVersions;
const refused = (entry: PopulationEntry, code: string, message?: RegExp): void => {
  assert.throws(() => table.add(entry), message === undefined ? { code } : { code, message });
};

beforeEach(async () => {
  table = new PopulationVersions();
  table.add(await populationEntry(first));
});

describe("a version", () => {
  test("is known, once, with its entry and its digest", async () => {
    assert.equal(table.add(await populationEntry(first)), undefined);
    assert.deepEqual(table.latest("au-residents"), first);
    assert.equal(table.known("au-residents", 1)?.digest, digestOf(first));
    assert.deepEqual(table.ids, ["au-residents"]);
  });

  test("follows the one before it with everybody's signatures, whatever it changes", async () => {
    assert.deepEqual(table.add(await populationEntry(richer)), richer);
    assert.deepEqual(table.latest("au-residents"), richer);
    assert.deepEqual(table.at("au-residents", 1), first);
  });

  test("waits for the one before it, and is told to be early", async () => {
    const third = populationAfter(richer, {
      budget: budgetOf("8"),
      homes: populationOf({ budget: budgetOf("8") }).homes,
    });
    refused(await populationEntry(third), "VERSION_EARLY");
    assert.deepEqual(table.latest("au-residents"), first);
    table.add(await populationEntry(richer));
    assert.deepEqual(table.latest("au-residents"), third);
  });

  test("that waits is refused where it may not follow, and the next that waits is tried", async () => {
    const dropping = populationAfter(richer, { datasets: [datasetOf("alpha"), datasetOf("beta")] });
    const third = populationAfter(richer);
    refused(await populationEntry(dropping), "VERSION_EARLY");
    refused(await populationEntry(third), "VERSION_EARLY");
    table.add(await populationEntry(richer));
    assert.deepEqual(table.latest("au-residents"), third);
  });

  test("of a name that objects have is one like any other", async () => {
    assert.equal(table.latest("constructor"), undefined);
    const odd = populationOf({ id: "constructor", datasets: [datasetOf("delta", "delta", "constructor")] });
    table.add(await populationEntry(odd));
    assert.deepEqual(table.latest("constructor"), odd);
  });
});

describe("nobody takes a population over", () => {
  test("by a version that an earlier provider did not sign", async () => {
    const strangers = populationAfter(first, { datasets: [datasetOf("delta"), datasetOf("epsilon")] });
    refused(await populationEntry(strangers), "SIGNATURE_MISSING", /alpha/);
  });

  test("by dropping a provider silently", async () => {
    refused(await populationEntry(withoutGamma), "SIGNATURE_MISSING", /gamma/);
    assert.deepEqual(table.latest("au-residents"), first);
  });

  test("by naming the same datasets in another population", async () => {
    const again = populationOf({ id: "fresh" });
    refused(await populationEntry(again), "DATASET_TAKEN", /au-residents/);
    const one = populationOf({ id: "fresh", datasets: [datasetOf("delta"), datasetOf("gamma")] });
    refused(await populationEntry(one), "DATASET_TAKEN", /gamma/);
  });

  test("by naming them there under a new key, or under another name with the same key", async () => {
    const newKey = populationOf({ id: "fresh", datasets: [datasetOf("gamma", "gamma 2")] });
    refused(await populationEntry(newKey, { signers: [["gamma", "gamma 2"]] }), "DATASET_TAKEN");
    const newName = populationOf({ id: "fresh", datasets: [datasetOf("delta", "gamma", "gamma-people")] });
    refused(await populationEntry(newName, { signers: [["delta", "gamma"]] }), "DATASET_TAKEN");
  });

  test("by naming them after their provider left", async () => {
    const departures = [await departureFrom(first, "gamma")];
    table.add(await populationEntry(withoutGamma, { signers: remaining, departures }));
    const again = populationOf({ id: "fresh", datasets: [datasetOf("gamma")] });
    refused(await populationEntry(again), "DATASET_TAKEN");
  });

  test("by a larger total that not everybody signed", async () => {
    refused(await populationEntry(richer, { signers: remaining }), "SIGNATURE_MISSING", /gamma/);
  });

  test("by a sibling of a version that stands", async () => {
    table.add(await populationEntry(richer));
    const sibling = populationAfter(first, {
      budget: budgetOf("8"),
      homes: populationOf({ budget: budgetOf("8") }).homes,
    });
    refused(await populationEntry(sibling), "VERSION_SUPERSEDED", new RegExp(digestOf(richer)));
    assert.deepEqual(table.latest("au-residents"), richer);
  });

  test("by another first version, or one that goes on from an older version", async () => {
    refused(
      await populationEntry(
        populationOf({ budget: budgetOf("9"), homes: populationOf({ budget: budgetOf("9") }).homes }),
      ),
      "VERSION_SUPERSEDED",
    );
    table.add(await populationEntry(richer));
    refused(
      await populationEntry({ ...richer, version: 3, previous: digestOf(first) }),
      "VERSION_SUPERSEDED",
    );
  });

  test("by an older version that is published again", async () => {
    table.add(await populationEntry(richer));
    assert.equal(table.add(await populationEntry(first)), undefined);
    assert.deepEqual(table.latest("au-residents"), richer);
  });

  test("by a version that names another document as the one before it", async () => {
    const other = populationAfter(populationOf({ id: "others", datasets: [datasetOf("delta")] }), {
      id: "au-residents",
      datasets: first.datasets,
    });
    refused(await populationEntry(other), "VERSION_EARLY");
    assert.deepEqual(table.latest("au-residents"), first);
  });

  test("by a version that leaves numbers out", async () => {
    refused(await populationEntry({ ...richer, version: 3 }), "DOCUMENT_INVALID");
  });

  test("by changing a provider's key without the old one", async () => {
    const datasets = [datasetOf("alpha"), datasetOf("beta"), datasetOf("gamma", "gamma 2")];
    const changed = populationAfter(first, { datasets });
    const signers = [...remaining, ["gamma", "gamma 2"] as const];
    refused(await populationEntry(changed, { signers }), "BAD_SIGNATURE", /gamma/);
    const both = [...signers, ["gamma", "gamma"] as const];
    assert.deepEqual(table.add(await populationEntry(changed, { signers: both })), changed);
  });

  test("by striking a home, or changing its key, without everybody", async () => {
    const [home] = first.homes;
    assert.ok(home !== undefined);
    const logKey = publicKeyText(keyNamed("another log").publicKey);
    const half = budgetOf("2", "1", "1/2000000000");
    for (const homes of [[{ ...home, logKey }], [{ ...home, region: "nz" }], [{ ...home, share: half }]]) {
      const moved = populationAfter(first, { homes });
      refused(await populationEntry(moved, { signers: remaining }), "SIGNATURE_MISSING", /gamma/);
    }
  });
});

describe("a provider departs", () => {
  const departing = (departure: Departure): Promise<PopulationEntry> =>
    populationEntry(withoutGamma, { signers: remaining, departures: [departure] });
  const removed = (reason: string): Departure => ({ provider: "gamma", signature: null, reason });

  test("by its own signature over the version that it leaves", async () => {
    assert.deepEqual(table.add(await departing(await departureFrom(first, "gamma"))), withoutGamma);
  });

  test("by signing the version that names it no more", async () => {
    const entry = await populationEntry(withoutGamma, { signers: [...remaining, ["gamma", "gamma"]] });
    assert.deepEqual(table.add(entry), withoutGamma);
  });

  test("where the operator removes it, with a reason that stands in the table", async () => {
    table.add(await departing(removed("insolvent since May")));
    assert.equal(table.known("au-residents", 2)?.entry.departures[0]?.reason, "insolvent since May");
  });

  test("not without a reason, nor with neither a reason nor a signature, nor with both", async () => {
    refused(await departing(removed(" ")), "DOCUMENT_INVALID");
    refused(await departing({ ...removed(""), reason: null }), "DOCUMENT_INVALID");
    const { signature } = await departureFrom(first, "gamma");
    refused(await departing({ ...removed("insolvent"), signature }), "DOCUMENT_INVALID");
  });

  test("not by another's signature, nor by one over another version", async () => {
    refused(await departing({ ...(await departureFrom(first, "beta")), provider: "gamma" }), "BAD_SIGNATURE");
    refused(await departing(await departureFrom(first, "gamma", "stranger")), "BAD_SIGNATURE");
    refused(await departing(await departureFrom(richer, "gamma")), "BAD_SIGNATURE");
  });

  test("not where it never was, nor where it stays, nor before there is a version", async () => {
    const stays = await populationEntry(richer, { departures: [await departureFrom(first, "gamma")] });
    refused(stays, "DOCUMENT_INVALID");
    refused(await departing({ ...removed("unknown here"), provider: "delta" }), "DOCUMENT_INVALID");
    const early = populationOf({ id: "others", datasets: [datasetOf("delta")] });
    refused(await populationEntry(early, { departures: [removed("early")] }), "DOCUMENT_INVALID");
  });

  test("and comes back under a new key when its old one is lost and the operator said so", async () => {
    const datasets = [datasetOf("alpha"), datasetOf("beta"), datasetOf("gamma", "gamma 2")];
    const changed = populationAfter(first, { datasets });
    const signers = [...remaining, ["gamma", "gamma 2"] as const];
    const entry = await populationEntry(changed, { signers, departures: [removed("lost its key")] });
    assert.deepEqual(table.add(entry), changed);
  });
});

test("whoever reads the table in another order after a compaction holds the same chain", async () => {
  const third: Population = populationAfter(richer, { datasets: [...first.datasets, datasetOf("delta")] });
  const compacted = new PopulationVersions();
  for (const document of [third, richer]) {
    const entry = await populationEntry(document);
    assert.throws(() => compacted.add(entry), { code: "VERSION_EARLY" });
  }
  compacted.add(await populationEntry(first));
  assert.deepEqual(compacted.latest("au-residents"), third);
});
