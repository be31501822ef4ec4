import assert from "node:assert/strict";
import { describe, test } from "node:test";
import type { AnchoredLeaf, RestoreEntry } from "../../schemas/avro/index.ts";
import { anchoring } from "./stage.ts";
import { MemoryChain } from "./testing/memory-chain.ts";
import { broughtLeaf, HOUR_MS, matchLeaf, Rig, settled, spendLeaf } from "./testing/rig.ts";

const entry: RestoreEntry = {
  ...{ id: "ab".repeat(16), restoredAt: 1, comparedAt: null, size: 0, root: "", closed: null },
};

/** A region that answers `before` questions, has a copy made of its state, and answers `after` more. */
async function lived({ before, after }: { readonly before: number; readonly after: number }) {
  const rig = new Rig();
  await settled(rig);
  for (let number = 1; number <= before; number++) await answered(rig, number);
  const state = rig.state.restored();
  const known = rig.leaves.length;
  const anchors = [...rig.chain.anchors];
  for (let number = before + 1; number <= before + after; number++) await answered(rig, number);
  return { rig, state, known, anchors };
}

async function answered(rig: Rig, number: number): Promise<void> {
  await rig.take(matchLeaf(number));
  await rig.take(spendLeaf(number));
  await settled(rig);
}

/** The copy put back, its seeds' keys destroyed, on the same chain or on one that was put back too. */
function putBack({ rig, state }: Awaited<ReturnType<typeof lived>>, chain: MemoryChain = rig.chain): Rig {
  const restored = new Rig({ state: state.restored(), chain });
  restored.time = rig.time + 10_000;
  restored.restore = entry;
  return restored;
}

const newestOf = (leaves: readonly AnchoredLeaf[]): Pick<RestoreEntry, "size" | "root"> => {
  const { size, root } = leaves.at(-1) ?? { size: 0, root: "", closed: null };
  return { size, root };
};

const kindsOf = (leaves: readonly AnchoredLeaf[]): string[] => leaves.map(({ kind }) => kind);

describe("a region that was put back", () => {
  test("uses no seed again, and anchors nothing, until its log was compared", async () => {
    const restored = putBack(await lived({ before: 2, after: 0 }));
    const sent = restored.chain.sent.length;
    await settled(restored);
    assert.deepEqual(
      restored.seeds.map(({ open }) => open),
      [false],
    );
    await restored.take(matchLeaf(9));
    await settled(restored);
    assert.deepEqual(restored.leaves, []);
    assert.equal(restored.chain.sent.length, sent);
    assert.deepEqual(restored.actions.slice(0, 2), ["seed.closed", "region.restored"]);
  });

  test("goes on where nothing was lost: a leaf says so, what was logged meanwhile follows, and a fresh seed opens", async () => {
    const past = await lived({ before: 2, after: 0 });
    const restored = putBack(past);
    await restored.take(matchLeaf(9));
    restored.restore = { ...entry, comparedAt: 7 };
    await settled(restored);
    await settled(restored);
    assert.deepEqual(kindsOf(restored.leaves), ["restore", "match", "seed"]);
    assert.equal(restored.leaves[0]?.index, past.known);
    const open = restored.seeds.filter((seed) => seed.open);
    // The one after the last may have been made and lost.
    assert.deepEqual(
      open.map(({ id }) => id),
      [3],
    );
  });

  test("is behind what the chain holds until the missing leaves are brought, and then anchors what follows", async () => {
    const past = await lived({ before: 2, after: 3 });
    const restored = putBack(past);
    restored.restore = { ...entry, comparedAt: 7 };
    await settled(restored);
    assert.deepEqual(restored.leaves, []);
    const behind = restored.audits.filter(({ action }) => action === "region.behind");
    const needed = String(past.rig.leaves.length);
    assert.deepEqual(
      behind.map(({ details }) => details),
      [{ restore: entry.id, reason: "REGION_BEHIND", size: String(past.known), needed, compared: "7" }],
    );
    // Two of them come by the topic as well: their stage logged them before the copy was made.
    const lost = past.rig.leaves.slice(past.known);
    await restored.take(matchLeaf(3));
    await restored.take(spendLeaf(3));
    for (const leaf of past.rig.leaves) await restored.take(broughtLeaf(leaf));
    for (let round = 0; round < 4; round++) await settled(restored);
    assert.deepEqual(restored.leaves.slice(0, lost.length), lost);
    assert.deepEqual(kindsOf(restored.leaves.slice(lost.length)), ["restore", "seed"]);
    assert.deepEqual(restored.receipts, []);
    assert.deepEqual(restored.state.entries("brought"), []);
    assert.deepEqual(restored.state.entries("held"), []);
  });

  test("takes batches that stand on the chain for its own, though it did not know that it had sent them", async () => {
    // With leaves in the log of which no batch was meant yet, and with more batches than one after them.
    for (const after of [0, 2]) {
      const rig = new Rig();
      await settled(rig);
      await rig.take(matchLeaf(1));
      await rig.take(spendLeaf(1));
      const copy = { rig, state: rig.state.restored(), known: rig.leaves.length, anchors: [] };
      await settled(rig);
      for (let number = 0; number < after; number++) await answered(rig, 2 + number);
      const restored = putBack(copy);
      restored.restore = { ...entry, comparedAt: 7 };
      await settled(restored);
      for (const leaf of rig.leaves) await restored.take(broughtLeaf(leaf));
      for (let round = 0; round < 6; round++) await settled(restored);
      assert.deepEqual(
        restored.leaves.map(({ index }) => index),
        restored.leaves.map((_, at) => copy.known + at),
      );
      assert.deepEqual(kindsOf(restored.leaves.slice(-2)), ["restore", "seed"]);
      assert.equal(restored.leaves.length + copy.known, rig.leaves.length + 2);
      assert.ok(restored.seeds.some(({ open }) => open));
      const checkpointOf = new Map(rig.leaves.map(({ size, checkpoint }) => [size, checkpoint]));
      for (const { size, checkpoint } of restored.leaves)
        assert.equal(checkpointOf.get(size) ?? checkpoint, checkpoint);
    }
  });

  test("gives no seed a number that a lost one had, whose leaf is brought", async () => {
    const past = await lived({ before: 1, after: 0 });
    // Two more periods, with a seed each, that the copy does not know of.
    for (let period = 0; period < 2; period++) {
      await past.rig.tick(1, HOUR_MS);
      await settled(past.rig);
    }
    const numbers = past.rig.seeds.map(({ id }) => id);
    const restored = putBack(past);
    restored.restore = { ...entry, comparedAt: 7 };
    for (const leaf of past.rig.leaves) await restored.take(broughtLeaf(leaf));
    for (let round = 0; round < 6; round++) await settled(restored);
    const [open] = restored.seeds.filter((seed) => seed.open);
    assert.equal(open?.id, Math.max(...numbers) + 2);
  });

  test("means no batch of a log with another beginning under its key", async () => {
    const past = await lived({ before: 1, after: 0 });
    const other = await lived({ before: 0, after: 0 });
    await answered(other.rig, 7);
    await answered(other.rig, 8);
    const restored = putBack(past);
    await restored.tick();
    const meant = restored.state.entries("log").filter(([key]) => key === "intended" || key === "fallen");
    for (const leaf of other.rig.leaves) await restored.take(broughtLeaf(leaf));
    assert.ok(restored.state.entries("brought").length > 0);
    const after = restored.state.entries("log").filter(([key]) => key === "intended" || key === "fallen");
    assert.deepEqual(after, meant);
  });

  test("destroys the keys of its seeds, and says again how it stands whenever it is asked", async () => {
    const past = await lived({ before: 1, after: 0 });
    const restored = putBack(past);
    restored.keys.add(1);
    restored.restore = { ...entry, comparedAt: 7 };
    for (let round = 0; round < 3; round++) await settled(restored);
    assert.ok(!restored.keys.has(1));
    const told = (): unknown[] =>
      restored.audits
        .filter(({ action }) => action === "region.compared")
        .map(({ details }) => details?.compared);
    assert.deepEqual(told(), ["7"]);
    restored.restore = { ...entry, comparedAt: 8 };
    await restored.tick(3);
    assert.deepEqual(told(), ["7", "8"]);
  });

  test("on a chain that was put back too, is behind the checkpoint that somebody holds", async () => {
    const past = await lived({ before: 1, after: 2 });
    const chain = new MemoryChain();
    for (const { link } of past.anchors) chain.include(link);
    const restored = putBack(past, chain);
    restored.restore = { ...entry, comparedAt: 7, ...newestOf(past.rig.leaves) };
    await settled(restored);
    assert.deepEqual(restored.leaves, []);
    for (const leaf of past.rig.leaves) await restored.take(broughtLeaf(leaf));
    for (let round = 0; round < 4; round++) await settled(restored);
    const texts = past.rig.leaves.slice(past.known).map(({ text }) => text);
    assert.deepEqual(
      restored.leaves.slice(0, texts.length).map(({ text }) => text),
      texts,
    );
    // The same batches under the same checkpoints: whoever holds these finds them again.
    assert.deepEqual(
      new Set(restored.leaves.slice(0, texts.length).map(({ checkpoint }) => checkpoint)),
      new Set(past.rig.leaves.slice(past.known).map(({ checkpoint }) => checkpoint)),
    );
  });

  test("stays shut where somebody holds another log under its key", async () => {
    const past = await lived({ before: 2, after: 0 });
    const restored = putBack(past);
    const { size } = newestOf(past.rig.leaves);
    restored.restore = { ...entry, comparedAt: 7, size, root: "0".repeat(64) };
    await settled(restored);
    assert.deepEqual(restored.leaves, []);
    const [told] = restored.audits.filter(({ action }) => action === "region.behind");
    assert.equal(told?.details?.reason, "ANCHOR_FORKED");
  });

  test("that its operator closes for good stays shut, with the reason on record, until it is put back anew", async () => {
    const past = await lived({ before: 1, after: 1 });
    const restored = putBack(past);
    await settled(restored);
    restored.restore = { ...entry, comparedAt: 7, closed: "the copies are lost" };
    await settled(restored);
    const told = restored.audits.filter(({ action }) => action === "region.closed");
    assert.deepEqual(
      told.map(({ details }) => details),
      [{ restore: entry.id, reason: "the copies are lost", compared: "7" }],
    );
    for (const leaf of past.rig.leaves) await restored.take(broughtLeaf(leaf));
    restored.restore = { ...entry, comparedAt: 8 };
    await settled(restored);
    assert.deepEqual(restored.leaves, []);
    restored.restore = { ...entry, id: "cd".repeat(16), comparedAt: 9 };
    for (let round = 0; round < 4; round++) await settled(restored);
    assert.ok(restored.seeds.some(({ open }) => open));
  });

  test("waits for a chain that is away, and for the operator each time that it is put back", async () => {
    const past = await lived({ before: 1, after: 0 });
    const restored = putBack(past);
    restored.restore = { ...entry, comparedAt: 7 };
    restored.chain.away = true;
    await settled(restored);
    assert.deepEqual(restored.leaves, []);
    restored.chain.away = false;
    for (let round = 0; round < 3; round++) await settled(restored);
    assert.deepEqual(kindsOf(restored.leaves), ["restore", "seed"]);
    restored.restore = { ...entry, id: "cd".repeat(16) };
    const told = restored.leaves.length;
    await restored.take(matchLeaf(5));
    await settled(restored);
    assert.equal(restored.leaves.length, told);
    restored.restore = { ...restored.restore, comparedAt: 7 };
    for (let round = 0; round < 3; round++) await settled(restored);
    assert.deepEqual(kindsOf(restored.leaves.slice(told)), ["restore", "match", "seed"]);
    assert.deepEqual(
      restored.seeds.filter(({ open }) => open).map(({ id }) => id),
      [3, 5],
    );
  });
});

test("a leaf is brought only where the log's own checkpoint shows it in its place, and to a region that was put back", async () => {
  const past = await lived({ before: 1, after: 2 });
  const [next, second] = past.rig.leaves.slice(past.known);
  assert.ok(next && second);
  const restored = putBack(past);
  await restored.tick();
  const changed: AnchoredLeaf[] = [
    { ...next, text: next.text.replace("2", "3") },
    { ...next, index: second.index },
    { ...next, kind: "seed" },
    { ...next, requestDigest: "0".repeat(64) },
    { ...next, requestDigest: null },
    { ...next, log: "elsewhere" },
    { ...next, checkpoint: next.checkpoint.replace("\n", "x\n") },
    { ...next, checkpoint: "" },
    { ...next, proof: next.proof.slice(1) },
  ];
  for (const leaf of changed) {
    const outcome = await anchoring.handle(broughtLeaf(leaf), restored.state, restored.ports);
    assert.deepEqual([outcome.kind, outcome.changes], ["reject", []]);
  }
  // One that is not the next changes nothing, nor does one that is there.
  for (const leaf of [second, past.rig.leaves[0]]) {
    assert.ok(leaf);
    assert.deepEqual((await restored.take(broughtLeaf(leaf))).changes, []);
  }
  assert.deepEqual((await past.rig.take(broughtLeaf(next))).changes, []);
  assert.notDeepEqual((await restored.take(broughtLeaf(next))).changes, []);
});
