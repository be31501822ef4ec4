import assert from "node:assert/strict";
import { describe, test } from "node:test";
import fc from "fast-check";
import { PavilionError } from "../../errors/errors.ts";
import { HOUR_MS, logOf, matchLeaf, Rig, settled, spendLeaf, tickAt } from "./testing/rig.ts";
import { requestNamed } from "../../test/stage-plan.ts";
import { anchoring, type AnchoringPorts } from "./stage.ts";

test("every leaf is anchored once and in order, seeds among them, under a checkpoint that verifies", async () => {
  const rig = new Rig();
  await settled(rig);
  for (const number of [1, 2, 3]) {
    await rig.take(matchLeaf(number));
    await rig.take(spendLeaf(number));
    if (number === 2) await settled(rig);
  }
  await settled(rig);
  assert.equal(rig.leaves.length, 7);
  rig.checkLog();
});

test("a batch is written down before it is sent, and only then sent", async () => {
  assert.equal(anchoring.commitsEach, true);
  const rig = new Rig();
  await rig.tick();
  assert.deepEqual(rig.chain.sent, []);
  const [first] = [...rig.state.entries("log")].filter(([key]) => key === "intended");
  assert.ok(first);
  await rig.tick();
  const { size, root } = first[1] as { size: number; root: string };
  assert.deepEqual(rig.chain.sent, [`${String(size)} ${root}`]);
});

test("whatever crash comes, the very same batch is sent again", async () => {
  const rig = new Rig();
  rig.chain.slowness = 3;
  await rig.tick();
  for (let n = 0; n < 3; n++) {
    await rig.crash(tickAt(rig.time + 1_000));
    await rig.take(matchLeaf(n));
  }
  await settled(rig);
  assert.equal(new Set(rig.chain.sent.slice(0, 4)).size, 1);
  await settled(rig);
  rig.checkLog();
  assert.equal(rig.leaves.length, 4);
});

describe("while the chain is away", () => {
  test("the log grows and nothing is told as anchored; afterwards all is, once", async () => {
    const rig = new Rig();
    await settled(rig);
    rig.chain.away = true;
    for (let n = 1; n <= 30; n++) {
      await rig.take(matchLeaf(n));
      await rig.take(spendLeaf(n));
      await rig.tick();
    }
    assert.equal(rig.leaves.length, 1);
    assert.deepEqual(rig.receipts, []);
    assert.equal(rig.actions.filter((action) => action === "chain.away").length, 1);
    rig.chain.away = false;
    await settled(rig);
    assert.equal(rig.leaves.length, 61);
    rig.checkLog();
    assert.equal(rig.receipts.length, 30);
    assert.equal(rig.actions.filter((action) => action === "chain.back").length, 1);
  });

  test("that it goes away just before the proof of a batch changes nothing but when", async () => {
    const rig = new Rig();
    await settled(rig);
    await rig.take(matchLeaf(1));
    await rig.take(spendLeaf(1));
    await rig.tick(2);
    const prove = rig.ports.chain.prove.bind(rig.ports.chain);
    let calls = 0;
    Object.assign(rig.ports.chain, {
      prove: (block: number) =>
        ++calls < 3 ? Promise.reject(new PavilionError("CHAIN_UNAVAILABLE", "gone")) : prove(block),
    });
    await rig.tick(2);
    assert.deepEqual(rig.receipts, []);
    assert.equal(rig.leaves.length, 1);
    await settled(rig);
    assert.equal(calls, 3);
    assert.equal(rig.receipts.length, 1);
    rig.checkLog();
  });

  test("why is told once, and again when the reason changes", async () => {
    const rig = new Rig();
    await settled(rig);
    const told = (): unknown[] =>
      rig.audits
        .filter(({ action }) => action.startsWith("chain."))
        .map(({ action, details }) => [action, details?.reason]);
    rig.chain.away = true;
    await rig.take(matchLeaf(1));
    await rig.tick(5);
    assert.deepEqual(told(), [["chain.away", "CHAIN_UNAVAILABLE"]]);
    rig.chain.include({ size: 50, root: `0x${"f0".repeat(32)}` });
    rig.chain.away = false;
    await rig.tick(5);
    assert.deepEqual(told().slice(1), [["chain.away", "ANCHOR_FORKED"]]);
    rig.chain.reorganise(1);
    await rig.tick(5);
    assert.deepEqual(told().slice(2), [["chain.back", undefined]]);
  });
});

test("no receipt has the proof of another block than its anchor's: it is asked for until it fits", async () => {
  const rig = new Rig();
  await settled(rig);
  await rig.take(matchLeaf(1));
  await rig.take(spendLeaf(1));
  const prove = rig.ports.chain.prove.bind(rig.ports.chain);
  let replaced = true;
  // The block of that number, after another reorganisation.
  Object.assign(rig.ports.chain, { prove: (block: number) => prove(replaced ? block - 1 : block) });
  await rig.tick(5);
  assert.deepEqual([rig.receipts.length, rig.leaves.length], [0, 1]);
  replaced = false;
  await rig.tick(1);
  assert.equal(rig.receipts.length, 1);
  rig.checkReceipts();
});

test("batches that fall off the chain are anchored anew as they were, and no record is told twice", async () => {
  const rig = new Rig();
  await settled(rig);
  for (const number of [1, 2, 3]) {
    await rig.take(matchLeaf(number));
    await rig.take(spendLeaf(number));
    await settled(rig);
  }
  const before = rig.chain.anchors.map(({ link }) => [link.size, link.root]);
  assert.equal(before.length, 4);
  rig.chain.reorganise(2);
  await rig.take(matchLeaf(4));
  await rig.take(spendLeaf(4));
  await rig.tick(14);
  assert.deepEqual(
    rig.chain.anchors.slice(0, 4).map(({ link }) => [link.size, link.root]),
    before,
  );
  assert.ok(rig.actions.includes("anchor.lost"));
  assert.equal(rig.leaves.length, 9);
  rig.checkLog();
  rig.checkReceipts();
});

test("a chain that turned back before it is asked what stands has lost nothing", async () => {
  const rig = new Rig();
  await settled(rig);
  const { anchors } = rig.chain;
  await rig.take(matchLeaf(1));
  await rig.tick();
  rig.chain.anchors = [];
  const standing = rig.ports.chain.standing.bind(rig.ports.chain);
  Object.assign(rig.ports.chain, {
    standing: (asked: Parameters<typeof standing>[0]) => {
      rig.chain.anchors = anchors;
      return standing(asked);
    },
  });
  await settled(rig);
  assert.ok(!rig.actions.includes("anchor.lost"));
  assert.equal(rig.leaves.length, 2);
  rig.checkLog();
});

test("that the chain goes away while it is asked what still stands changes nothing but when", async () => {
  const rig = new Rig();
  await settled(rig);
  await rig.take(matchLeaf(1));
  await settled(rig);
  rig.chain.reorganise(1);
  const standing = rig.ports.chain.standing.bind(rig.ports.chain);
  let calls = 0;
  Object.assign(rig.ports.chain, {
    standing: (anchors: Parameters<AnchoringPorts["chain"]["standing"]>[0]) =>
      ++calls < 3 ? Promise.reject(new PavilionError("CHAIN_UNAVAILABLE", "gone")) : standing(anchors),
  });
  await rig.take(spendLeaf(1));
  await rig.tick(10);
  assert.ok(calls >= 3);
  assert.equal(rig.leaves.length, 3);
  rig.checkLog();
});

describe("a receipt", () => {
  test("places match, spend and seed under one checkpoint, and rolls up to the contract's state", async () => {
    const rig = new Rig();
    await settled(rig);
    await rig.take(matchLeaf(9));
    await settled(rig);
    await rig.take(spendLeaf(9));
    await settled(rig);
    rig.checkReceipts();
    const { chain } = logOf(rig.receipts[0]);
    assert.equal(chain.links.length, 3);
    assert.equal(chain.blockHash, rig.chain.anchors.at(-1)?.blockHash);
  });

  test("is given for each spend, however many batches its match leaf waited", async () => {
    const rig = new Rig();
    await settled(rig);
    for (const number of [1, 2, 3]) await rig.take(matchLeaf(number));
    await settled(rig);
    for (const number of [3, 1]) await rig.take(spendLeaf(number));
    await settled(rig);
    assert.deepEqual(
      rig.receipts.map(({ request }) => request.digest),
      [3, 1].map((number) => requestNamed(number).digest),
    );
    assert.equal([...rig.state.entries("matches")].length, 1);
    await rig.tick(1, 8 * 24 * HOUR_MS + requestNamed(2).deadline);
    assert.equal([...rig.state.entries("matches")].length, 0);
  });
});

test("the other partitions do nothing", async () => {
  const rig = new Rig();
  const ports = { ...rig.ports, partition: 1 };
  for (const event of [tickAt(1), matchLeaf(1)]) {
    const { outputs, changes } = await anchoring.handle(event, rig.state, ports);
    assert.deepEqual([outputs, changes], [[], []]);
  }
  assert.equal(rig.keys.size, 0);
});

test("a batch holds at most a thousand leaves", async () => {
  const rig = new Rig();
  await settled(rig);
  rig.chain.away = true;
  for (let n = 1; n <= 1_100; n++) await rig.take(matchLeaf(n));
  rig.chain.away = false;
  const sizes: number[] = [];
  for (let n = 0; n < 12; n++) {
    const told = rig.leaves.length;
    await rig.tick();
    sizes.push(rig.leaves.length - told);
  }
  assert.deepEqual(
    sizes.filter((size) => size > 0),
    [1_000, 100],
  );
  rig.checkLog();
});

test("a batch holds so few spends that its receipts leave in one transaction", async () => {
  const rig = new Rig();
  await settled(rig);
  for (let n = 1; n <= 200; n++) {
    await rig.take(matchLeaf(n));
    await rig.tick(2);
  }
  rig.chain.away = true;
  for (let n = 1; n <= 200; n++) await rig.take(spendLeaf(n));
  rig.chain.away = false;
  const shown: number[] = [];
  for (let n = 0; n < 12; n++) {
    const told = rig.receipts.length;
    await rig.tick();
    shown.push(rig.receipts.slice(told).reduce((sum, receipt) => sum + logOf(receipt).chain.links.length, 0));
  }
  assert.equal(rig.receipts.length, 200);
  assert.ok(Math.max(...shown) <= 40_000 && shown.filter((links) => links > 0).length === 2);
  rig.checkLog();
});

test("anchors are forgotten that no receipt can begin with, but for a thousand, and a reorganisation is still survived", async () => {
  const rig = new Rig();
  await settled(rig);
  for (let n = 1; n <= 1_050; n++) {
    await rig.take(matchLeaf(n, rig.openSeed()));
    await rig.tick(2);
  }
  const kept = (): number => [...rig.state.entries("anchors")].length;
  assert.ok(kept() > 1_040);
  const afterwards = requestNamed(1).deadline + 8 * 24 * HOUR_MS;
  await rig.tick(2, afterwards);
  await rig.tick(2, 8 * 24 * HOUR_MS);
  assert.equal(kept(), 1_000);
  await settled(rig);
  await rig.take(matchLeaf(2_000, rig.openSeed()));
  await settled(rig);
  const told = rig.seeds.length;
  rig.chain.reorganise(1);
  await rig.take(matchLeaf(2_001, rig.openSeed()));
  await rig.tick(8);
  assert.ok(rig.actions.includes("anchor.lost"));
  assert.equal(rig.seeds.length, told);
  await rig.take(matchLeaf(2_002, rig.openSeed()));
  await rig.take(spendLeaf(2_002));
  await settled(rig);
  assert.equal(rig.receipts.length, 1);
  rig.checkReceipts();
  rig.checkLog();
});

/** What may happen to the stage, the more often the commoner it is. */
const step = fc.oneof(
  { weight: 4, arbitrary: fc.constant("request" as const) },
  { weight: 8, arbitrary: fc.constant("tick" as const) },
  { weight: 2, arbitrary: fc.constant("crash" as const) },
  { weight: 1, arbitrary: fc.constantFrom("away" as const, "back" as const, "slow" as const) },
  {
    weight: 1,
    arbitrary: fc.constantFrom("reorganise" as const, "half an hour" as const, "a week" as const),
  },
  { weight: 1, arbitrary: fc.constantFrom("HSM gone" as const, "HSM back" as const) },
);

/** Asks once more, where a seed is open; answers whether it did. */
async function ask(rig: Rig, number: number): Promise<boolean> {
  const seed = rig.openSeed();
  if (seed === undefined) return false;
  await rig.take(matchLeaf(number, seed));
  await rig.take(spendLeaf(number));
  return true;
}

test("over any run of requests, absences, reorganisations, crashes and seeds the log is anchored once and in order", async () => {
  await fc.assert(
    fc.asyncProperty(fc.array(step, { maxLength: 80 }), async (steps) => {
      const rig = new Rig();
      await settled(rig);
      let asked = 0;
      for (const what of steps) {
        if (what === "request") asked += (await ask(rig, asked + 1)) ? 1 : 0;
        else if (what === "tick") await rig.tick();
        else if (what === "crash") await rig.crash(tickAt(rig.time + 1_000));
        else if (what === "half an hour") await rig.tick(1, HOUR_MS / 2);
        else if (what === "a week") await rig.tick(1, 7 * 24 * HOUR_MS);
        else if (what === "reorganise") rig.chain.reorganise(1);
        else if (what === "slow") rig.chain.slowness = 2;
        else if (what === "HSM gone" || what === "HSM back") rig.hsmFails = what === "HSM gone";
        else rig.chain.away = what === "away";
        const opened = new Set(rig.seeds.map(({ id }) => id)).size;
        assert.ok(madeIn(rig) - opened <= 1);
      }
      rig.chain.away = false;
      rig.hsmFails = false;
      await rig.tick(60);
      assert.equal(rig.leaves.length, 2 * asked + madeIn(rig));
      rig.checkLog();
      rig.checkReceipts();
      assert.deepEqual(
        rig.receipts.map(({ request }) => request.digest),
        Array.from({ length: asked }, (_, index) => requestNamed(index + 1).digest),
      );
    }),
    { numRuns: 60 },
  );
});

const madeIn = ({ actions }: Rig): number => actions.filter((action) => action === "seed.made").length;
