import assert from "node:assert/strict";
import { describe, test } from "node:test";
import type { Population } from "../../schemas/json/population.ts";
import { budgetOf, cardOfRegion, datasetOf, populationEntry, populationOf } from "../../test/populations.ts";
import {
  hasDataset,
  homeIn,
  requirePopulation,
  requireServable,
  signersOf,
  verifyPopulation,
} from "./population.ts";

const invalid = { code: "DOCUMENT_INVALID" };
const document = populationOf();

describe("an entry", () => {
  test("holds once every provider of a dataset has signed it", async () => {
    assert.deepEqual(verifyPopulation(await populationEntry(document)), document);
  });

  test("is refused without the signature of any one of them, who is named", async () => {
    for (const missing of ["alpha", "beta", "gamma"]) {
      const signers = signersOf(document).flatMap(({ id }) => (id === missing ? [] : [[id, id] as const]));
      const entry = await populationEntry(document, { signers });
      const named = { code: "SIGNATURE_MISSING", message: new RegExp(missing) };
      assert.throws(() => verifyPopulation(entry), named);
    }
  });

  test("is refused with a signature by another key, or over another document", async () => {
    const signers = [
      ["alpha", "alpha"],
      ["beta", "beta"],
      ["gamma", "stranger"],
    ] as const;
    const bad = { code: "BAD_SIGNATURE" };
    const forged = await populationEntry(document, { signers });
    assert.throws(() => verifyPopulation(forged), bad);
    const entry = await populationEntry(document);
    const cheaper = populationOf({ budget: budgetOf("3") });
    const lowered = await populationEntry(cheaper);
    assert.throws(() => verifyPopulation({ ...entry, document: lowered.document }), bad);
  });

  test("is refused under another id or version than its document's", async () => {
    const entry = await populationEntry(document);
    assert.throws(() => verifyPopulation({ ...entry, id: "others" }), invalid);
    assert.throws(() => verifyPopulation({ ...entry, version: 2 }), invalid);
  });
});

test("its providers sign once each, whatever number of datasets they have", () => {
  const datasets = [...document.datasets, datasetOf("beta", "beta", "more-people")];
  assert.deepEqual(
    signersOf({ ...document, datasets }).map(({ id }) => id),
    ["alpha", "beta", "gamma"],
  );
});

test("a dataset is one of its own under exactly its provider's name, key and id", () => {
  assert.equal(hasDataset(document, datasetOf("beta")), true);
  for (const other of [
    datasetOf("beta", "stranger"),
    datasetOf("delta", "beta", "beta-people"),
    datasetOf("beta", "beta", "others"),
  ])
    assert.equal(hasDataset(document, other), false);
});

test("a home is known by its region alone", () => {
  assert.equal(homeIn(document, "au"), document.homes[0]);
  for (const name of ["eu", "constructor", "__proto__"]) assert.equal(homeIn(document, name), undefined);
});

describe("a document is refused", () => {
  const [home] = document.homes;
  assert.ok(home !== undefined);
  const elsewhere = { ...home, region: "nz" };
  const half = budgetOf("2", "1", "1/2000000000");
  const refused: Record<string, [changes: Partial<Population>, named: RegExp]> = {
    "with a predecessor in its first version": [
      { previous: "0".repeat(64) },
      /previous is null in version 1/,
    ],
    "without one in a later version": [{ version: 2 }, /previous is null in version 1/],
    "with a dataset twice": [{ datasets: [datasetOf("alpha"), datasetOf("alpha")] }, /distinct/],
    "with two keys of one provider": [
      { datasets: [datasetOf("alpha"), datasetOf("alpha", "second", "more")] },
      /with two keys/,
    ],
    "with one key of two providers": [
      { datasets: [datasetOf("alpha"), datasetOf("beta", "alpha")] },
      /another provider's key/,
    ],
    "with a provider of a reserved name": [
      { datasets: [datasetOf("changelog")] },
      /cannot be a provider's name/,
    ],
    "with a key that is none": [
      { datasets: [{ ...datasetOf("alpha"), key: `${"A".repeat(42)}B` }] },
      /not an Ed25519 key/,
    ],
    "with a sealing key that is no point": [
      { homes: [{ ...home, sealingKey: "A".repeat(87) }] },
      /not a P-256 point/,
    ],
    "with a home twice": [
      {
        homes: [
          { ...home, share: half },
          { ...home, share: half },
        ],
      },
      /homes are not distinct/,
    ],
    "with a share above the budget": [
      { homes: [{ ...home, share: budgetOf("5") }] },
      /shares of epsilon add up to more/,
    ],
    "with shares that are above it together": [
      { homes: [home, { ...elsewhere, share: half }] },
      /more than the budget/,
    ],
    "with a share whose window is above the budget's": [
      { homes: [{ ...home, share: budgetOf("4", "3") }] },
      /within 30 days add up to more/,
    ],
    "with a share that has other windows": [
      {
        homes: [
          { ...home, share: { ...home.share, windows: [{ days: 31, epsilon: "1", delta: "1/1000000000" }] } },
        ],
      },
      /other windows/,
    ],
    "with a window twice": [
      { budget: { ...budgetOf(), windows: [...budgetOf().windows, ...budgetOf().windows] } },
      /window twice/,
    ],
    "with a delta of one": [{ budget: budgetOf("4", "2", "3/2") }, /delta of one or more/],
  };
  for (const [why, [changes, named]] of Object.entries(refused)) {
    test(why, () => {
      assert.throws(
        () => {
          requirePopulation(populationOf(changes));
        },
        { ...invalid, message: named },
      );
    });
  }

  test("no further than that: two homes that share the budget are a population", () => {
    requirePopulation(
      populationOf({
        homes: [
          { ...home, share: half },
          { ...elsewhere, share: half },
        ],
      }),
    );
  });
});

describe("a region answers about a population", () => {
  const [home] = document.homes;
  assert.ok(home !== undefined);
  const servable = (changes: Partial<Population>) => (): void => {
    requireServable(populationOf(changes), cardOfRegion);
  };

  test("whose only home it is, with the whole budget", () => {
    servable({})();
    const same = { ...budgetOf(), epsilon: "8/2" };
    servable({ homes: [{ ...home, share: same }] })();
  });

  test("and knows of one that is at home elsewhere, whatever its keys", () => {
    servable({ jurisdiction: "NZ", homes: [{ ...home, region: "nz", logKey: datasetOf("alpha").key }] })();
  });

  test("and about no other: of two homes, of part of a budget, in another jurisdiction, or under other keys", () => {
    const half = budgetOf("2", "1", "1/2000000000");
    const refusals: [Partial<Population>, RegExp][] = [
      [
        {
          homes: [
            { ...home, share: half },
            { ...home, region: "nz", share: half },
          ],
        },
        /answers from one home/,
      ],
      [{ homes: [{ ...home, share: half }] }, /not the whole budget/],
      [{ jurisdiction: "NZ" }, /its jurisdiction is NZ/],
      [{ homes: [{ ...home, logKey: datasetOf("alpha").key }] }, /log key/],
    ];
    for (const [changes, message] of refusals) assert.throws(servable(changes), { ...invalid, message });
  });
});
