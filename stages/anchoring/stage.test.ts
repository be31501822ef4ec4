import assert from "node:assert/strict";
import { describe, test } from "node:test";
import fc from "fast-check";
import { verifyCheckpoint } from "../../crypto/checkpoint/checkpoint.ts";
import { anchorState } from "../../crypto/ethereum/anchor-state.ts";
import { leafHash, verifyConsistency, verifyInclusion } from "../../crypto/merkle/merkle.ts";
import { PavilionError } from "../../runtime/errors.ts";
import type { LogEvidence } from "../../schemas/json/evidence-bundle.ts";
import { HOUR_MS, log, logOf, matchLeaf, Rig, settled, spendLeaf, tickAt } from "../../test/anchoring-rig.ts";
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
  const { chain } = logOf(rig.receipts.at(-1));
  assert.equal(stateAfter(chain), rig.chain.state);
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
    const evidence = logOf(rig.receipts[0]);
    const { size, root } = verifyCheckpoint(evidence.checkpoint, log);
    for (const { leaf, index, proof } of [evidence.match, evidence.spend, evidence.seed]) {
      assert.ok(verifyInclusion(leafHash(Buffer.from(JSON.stringify(leaf))), index, size, proof, root));
    }
    const first = verifyCheckpoint(evidence.seed.anchored, log);
    const { links } = evidence.chain;
    for (const [at, { size: own, root: grown, consistency }] of links.slice(1).entries()) {
      const before = links[at];
      assert.ok(before && verifyConsistency(before.size, before.root, own, grown, consistency));
    }
    assert.equal(links.length, 3);
    assert.ok(evidence.seed.index < first.size && first.size <= evidence.match.index);
    assert.deepEqual(evidence.chain.links.at(0)?.root, first.root);
    assert.deepEqual(evidence.chain.links.at(-1)?.root, root);
    assert.equal(stateAfter(evidence.chain), rig.chain.state);
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

/** The state that the evidence's links lead to. */
const stateAfter = ({ before, links, anchorer }: LogEvidence["chain"]): string =>
  links.reduce(
    (previous, { root, size, time }) => anchorState({ previous, root: `0x${root}`, size, time }, anchorer),
    before,
  );

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

test("over any run of leaves, ticks, absences, reorganisations and crashes the log is anchored once and in order", async () => {
  const step = fc.oneof(
    { weight: 3, arbitrary: fc.constant("leaves" as const) },
    { weight: 6, arbitrary: fc.constant("tick" as const) },
    { weight: 2, arbitrary: fc.constant("crash" as const) },
    {
      weight: 1,
      arbitrary: fc.constantFrom("away" as const, "back" as const, "slow" as const, "reorganise" as const),
    },
  );
  await fc.assert(
    fc.asyncProperty(fc.array(step, { maxLength: 60 }), async (steps) => {
      const rig = new Rig();
      await settled(rig);
      let number = 0;
      for (const what of steps) {
        if (what === "leaves") {
          await rig.take(matchLeaf(++number));
          await rig.take(spendLeaf(number));
        } else if (what === "tick") await rig.tick();
        else if (what === "crash") await rig.crash(tickAt(rig.time + 1_000));
        else if (what === "reorganise") rig.chain.reorganise(1);
        else if (what === "slow") rig.chain.slowness = 2;
        else rig.chain.away = what === "away";
      }
      rig.chain.away = false;
      await rig.tick(60);
      assert.equal(rig.leaves.length, 2 * number + 1);
      rig.checkLog();
      assert.deepEqual(
        rig.receipts.map(({ request }) => request.digest),
        Array.from({ length: number }, (_, index) => requestNamed(index + 1).digest),
      );
    }),
    { numRuns: 60 },
  );
});
