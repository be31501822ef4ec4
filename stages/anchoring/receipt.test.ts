import assert from "node:assert/strict";
import { describe, test } from "node:test";
import { DAY_MS, HOUR_MS, leafOf, logOf, matchLeaf, Rig, settled, spendLeaf } from "./testing/rig.ts";
import type { Table } from "../../runtime/contract/state.ts";
import { requestNamed } from "../../test/stage-plan.ts";
import { seedRef } from "../../domain/log/testing/seeds.ts";
import { KEPT, WAITING } from "./leaves.ts";
import { batchEnd } from "./receipt.ts";

const draft = (number: number) => leafOf(number, "draft", false);
const seal = (number: number) => leafOf(number, "seal", true);

const kindsIn = (rig: Rig): string[][] =>
  rig.receipts.map((receipt) => logOf(receipt).leaves.map(({ kind }) => kind));

const entriesOf = (rig: Rig, table: string): [string, unknown][] => [...rig.state.entries(table)];

describe("of leaves that no stage here knows, a receipt", () => {
  test("tells both without a seed, and its links begin with the anchor of the first", async () => {
    const rig = new Rig();
    await settled(rig);
    await rig.take(draft(1));
    await settled(rig);
    assert.deepEqual(rig.receipts, []);
    await rig.take(draft(2));
    await settled(rig);
    await rig.take(seal(1));
    await settled(rig);
    assert.deepEqual(kindsIn(rig), [["draft", "seal"]]);
    const { leaves, seed, chain } = logOf(rig.receipts[0]);
    assert.equal(seed, null);
    assert.deepEqual(
      leaves.map(({ leaf, index }) => [leaf.type, index]),
      [
        ["test/draft-leaf", 1],
        ["test/seal-leaf", 3],
      ],
    );
    // Anchored by then: the seed alone, then each leaf alone.
    assert.deepEqual(
      chain.links.map(({ size }) => size),
      [2, 3, 4],
    );
    rig.checkReceipts();
    assert.deepEqual(
      entriesOf(rig, "matches").map(([digest]) => digest),
      [requestNamed(2).digest],
    );
  });

  test("tells of one alone, under its own anchor", async () => {
    const rig = new Rig();
    await settled(rig);
    await rig.take(seal(1));
    await settled(rig);
    assert.deepEqual(kindsIn(rig), [["seal"]]);
    assert.equal(logOf(rig.receipts[0]).chain.links.length, 1);
    rig.checkReceipts();
    assert.deepEqual(entriesOf(rig, "matches"), []);
  });

  test("begins with the anchor of the seed that any of them names, which is there as long as it is named", async () => {
    const rig = new Rig();
    await settled(rig);
    rig.chain.away = true;
    await rig.take(leafOf(1, "seal", true, { seed: seedRef(1).commitment }));
    rig.chain.away = false;
    await settled(rig);
    assert.deepEqual(logOf(rig.receipts[0]).seed?.leaf.commitment, seedRef(1).commitment);
    assert.equal(logOf(rig.receipts[0]).chain.links.length, 2);
    rig.checkReceipts();
  });

  test("holds, however long ago the first was anchored", async () => {
    const rig = new Rig();
    await settled(rig);
    await rig.take(draft(1));
    await settled(rig);
    for (let n = 0; n < 3; n++) {
      await rig.tick(1, HOUR_MS);
      await settled(rig);
    }
    await rig.tick(2, 8 * DAY_MS);
    assert.ok(!rig.keys.has(1));
    for (let n = 2; n <= 1_100; n++) {
      await rig.take(draft(n));
      await rig.tick(2);
    }
    await rig.tick(2, 8 * DAY_MS);
    await rig.take(seal(1));
    await settled(rig);
    const last = logOf(rig.receipts.at(-1));
    assert.deepEqual(
      last.leaves.map(({ kind }) => kind),
      ["draft", "seal"],
    );
    assert.ok(last.chain.links.length > 1_100);
    rig.checkReceipts();
  });

  test("is not given where they name a seed that is not known, and all are in the log all the same", async () => {
    const rig = new Rig();
    await settled(rig);
    await rig.take(leafOf(1, "draft", false, { seed: "of another region" }));
    await rig.take(seal(1));
    await settled(rig);
    assert.deepEqual(rig.receipts, []);
    assert.equal(rig.actions.filter((action) => action === "evidence.incomplete").length, 1);
    assert.equal(rig.leaves.length, 3);
    assert.deepEqual(entriesOf(rig, "matches"), []);
    rig.checkLog();
  });

  test("is given for 33 and no more, and no more are kept", async () => {
    const rig = new Rig();
    await settled(rig);
    for (let n = 0; n < 32; n++) await rig.take(leafOf(1, "draft", false, { n }));
    for (let n = 0; n < 40; n++) await rig.take(leafOf(2, "draft", false, { n }));
    assert.deepEqual(
      entriesOf(rig, "matches").map(([, leaves]) => (leaves as unknown[]).length),
      [32, 33],
    );
    await rig.take(seal(1));
    await rig.take(seal(2));
    await settled(rig);
    assert.deepEqual(
      rig.receipts.map(({ request }) => request.digest),
      [requestNamed(1).digest],
    );
    assert.equal(logOf(rig.receipts[0]).leaves.length, 33);
    assert.ok(rig.actions.includes("evidence.incomplete"));
    rig.checkReceipts();
  });
});

test("a receipt shows 2,000 anchors, and is not given where it would show more", async () => {
  for (const [between, given] of [
    [1_998, 1],
    [1_999, 0],
  ] as const) {
    const rig = new Rig();
    await settled(rig);
    await rig.take(draft(1));
    await settled(rig);
    const [, newest] = entriesOf(rig, "anchors").find(([key]) => key === "1") ?? [];
    const anchors = Array.from({ length: between }, (_, n) => ({ key: String(n + 2), value: newest }));
    rig.state.apply(anchors.map((anchor) => ({ table: "anchors", ...anchor })));
    rig.state.apply([{ table: "log", key: "anchors", value: between + 2 }]);
    await rig.take(seal(1));
    await settled(rig);
    assert.equal(rig.receipts.length, given);
    assert.equal(rig.actions.filter((action) => action === "evidence.incomplete").length, 1 - given);
    for (const receipt of rig.receipts) assert.equal(logOf(receipt).chain.links.length, 2_000);
  }
});

describe("so many requests are completed by a batch", () => {
  test("as the anchors allow that their receipts show, from each one's first leaf on", async () => {
    const rig = new Rig();
    await settled(rig);
    for (let n = 1; n <= 210; n++) {
      await rig.take(draft(n));
      await rig.tick(2);
    }
    rig.chain.away = true;
    for (let n = 1; n <= 210; n++) await rig.take(leafOf(n, "seal", true, { long: "x".repeat(80_000) }));
    rig.chain.away = false;
    const sizes: number[] = [];
    for (let n = 0; n < 12; n++) {
      const told = rig.receipts.length;
      await rig.tick();
      sizes.push(rig.receipts.slice(told).reduce((sum, { text }) => sum + text.length, 0));
    }
    assert.equal(rig.receipts.length, 210);
    assert.equal(sizes.filter((size) => size > 0).length, 2);
    assert.ok(Math.max(...sizes) <= 32_000_000);
  });

  test("as the leaves allow", async () => {
    const rig = new Rig();
    await settled(rig);
    const long = "x".repeat(11_000_000);
    for (const n of [1, 2, 3]) {
      await rig.take(leafOf(n, "draft", false, { long }));
      await rig.take(seal(n));
    }
    // After the seed's leaf, two whole requests and the third one's first leaf.
    assert.equal(batchEnd(1, rig.state), 6);
  });
});

describe("from an earlier version", () => {
  /** The state as that version wrote it: no leaf says whether it completes, and a match is kept alone. */
  function asBefore(rig: Rig): void {
    const change = (table: Table<unknown>, to: (value: unknown) => unknown) =>
      entriesOf(rig, table.name).map(([key, value]) => table.put(key, to(value)));
    const withoutSaying = (leaf: unknown) => ({ ...(leaf as object), completes: undefined });
    rig.state.apply(change(WAITING as unknown as Table<unknown>, withoutSaying));
    rig.state.apply(change(KEPT as unknown as Table<unknown>, (leaves) => withoutSaying([leaves].flat()[0])));
  }

  test("leaves that wait, and matches that are kept, get their receipts", async () => {
    const rig = new Rig();
    await settled(rig);
    await rig.take(leafOf(1, "match", null, { seed: seedRef(1).commitment }));
    await settled(rig);
    asBefore(rig);
    assert.ok(!entriesOf(rig, "matches").some(([, kept]) => Array.isArray(kept)));
    await rig.take(leafOf(2, "match", null, { seed: seedRef(1).commitment }));
    await rig.take(leafOf(2, "spend", null));
    asBefore(rig);
    await rig.take(leafOf(1, "spend", null));
    await settled(rig);
    assert.deepEqual(
      rig.receipts.map(({ request }) => request.digest),
      [2, 1].map((number) => requestNamed(number).digest),
    );
    assert.deepEqual(kindsIn(rig), [
      ["match", "spend"],
      ["match", "spend"],
    ]);
    rig.checkReceipts();
    assert.deepEqual([...entriesOf(rig, "matches"), ...entriesOf(rig, "waiting")], []);
  });

  test("matches that no spend follows are forgotten, and keep their seed until then", async () => {
    const rig = new Rig();
    await settled(rig);
    await rig.take(matchLeaf(1));
    await settled(rig);
    asBefore(rig);
    for (let n = 0; n < 3; n++) {
      await rig.tick(1, HOUR_MS);
      await settled(rig);
    }
    await rig.tick(2, 8 * DAY_MS);
    assert.ok(rig.keys.has(1));
    await rig.tick(2, requestNamed(1).deadline);
    assert.deepEqual(entriesOf(rig, "matches"), []);
    await rig.tick(1);
    assert.ok(!rig.keys.has(1));
  });
});

test("a leaf that comes after its request was complete is anchored, and no part of the receipt", async () => {
  const rig = new Rig();
  await settled(rig);
  await rig.take(matchLeaf(1));
  await rig.take(spendLeaf(1));
  await rig.take(draft(1));
  await settled(rig);
  assert.deepEqual(kindsIn(rig), [["match", "spend"]]);
  assert.equal(rig.leaves.length, 4);
});
