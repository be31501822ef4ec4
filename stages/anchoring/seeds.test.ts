import assert from "node:assert/strict";
import { describe, test } from "node:test";
import { PavilionError } from "../../errors/errors.ts";
import { DAY_MS, HOUR_MS, logOf, matchLeaf, Rig, settled, spendLeaf, tickAt } from "./testing/rig.ts";
import { requestNamed } from "../../test/stage-plan.ts";
import { seedRef } from "../../domain/log/testing/seeds.ts";
import { anchoring, type AnchoringPorts } from "./stage.ts";

describe("a seed", () => {
  test("is opened only once its leaf is anchored", async () => {
    const rig = new Rig();
    rig.chain.slowness = 4;
    await rig.tick(5);
    assert.deepEqual(rig.seeds, []);
    assert.deepEqual([...rig.keys], [1]);
    await rig.tick(3);
    assert.deepEqual(rig.seeds, [{ ...seedRef(1), open: true }]);
    assert.equal(rig.leaves[0]?.kind, "seed");
    assert.equal(
      (JSON.parse(rig.leaves[0].text) as { commitment: string }).commitment,
      seedRef(1).commitment,
    );
  });

  test("is followed by another after its period, closed a period later, and destroyed a week after that", async () => {
    const rig = new Rig();
    const told = (from = 0): unknown[] => rig.seeds.slice(from).map(({ id, open }) => [id, open]);
    await rig.tick(5);
    await rig.tick(5, HOUR_MS / 5);
    await settled(rig);
    assert.deepEqual(told(), [
      [1, true],
      [2, true],
    ]);
    await rig.tick(1, HOUR_MS);
    await settled(rig);
    assert.deepEqual(told(2), [
      [1, false],
      [3, true],
    ]);
    await rig.tick(1, 6 * DAY_MS);
    assert.ok(rig.keys.has(1));
    await rig.tick(2, DAY_MS);
    assert.ok(!rig.keys.has(1));
    assert.ok(rig.actions.includes("seed.destroyed"));
  });

  test("is followed by another after enough anchors, so that no receipt has more than a few hundred links", async () => {
    const rig = new Rig();
    await settled(rig);
    for (let number = 1; number <= 700; number++) {
      await rig.take(matchLeaf(number, rig.seeds.findLast(({ open }) => open)?.commitment));
      await rig.take(spendLeaf(number));
      await rig.tick(2);
    }
    await settled(rig);
    assert.equal(rig.receipts.length, 700);
    const links = rig.receipts.map((receipt) => logOf(receipt).chain.links.length);
    assert.ok(Math.max(...links) < 400, String(Math.max(...links)));
    assert.ok(rig.seeds.length >= 4);
  });

  test("stays open beyond its time while no newer one could be anchored", async () => {
    const rig = new Rig();
    await rig.tick(5);
    rig.chain.away = true;
    await rig.tick(6, HOUR_MS);
    assert.deepEqual(
      rig.seeds.map(({ id, open }) => [id, open]),
      [[1, true]],
    );
    assert.ok(rig.keys.has(1));
  });

  test("that a match names outlives every outage of the chain, and its spend gets its receipt", async () => {
    for (const days of [2, 9, 30]) {
      const rig = new Rig();
      await settled(rig);
      await rig.take(matchLeaf(1));
      await rig.take(spendLeaf(1));
      rig.chain.away = true;
      await rig.tick(2 * days, DAY_MS / 2 + requestNamed(1).deadline / days);
      assert.ok(rig.keys.has(1));
      rig.chain.away = false;
      await rig.tick(8);
      assert.equal(rig.receipts.length, 1);
      assert.ok(!rig.actions.includes("evidence.incomplete"));
    }
  });

  test("that a match names outlives its closing, however long its spend waits for the chain", async () => {
    const rig = new Rig();
    await settled(rig);
    await rig.take(matchLeaf(1));
    for (let n = 0; n < 3; n++) {
      await rig.tick(1, HOUR_MS);
      await settled(rig);
    }
    assert.ok(rig.seeds.some(({ id, open }) => id === 1 && !open));
    rig.chain.away = true;
    await rig.take(spendLeaf(1));
    await rig.tick(4, requestNamed(1).deadline + 8 * DAY_MS);
    assert.ok(rig.keys.has(1));
    rig.chain.away = false;
    await rig.tick(8);
    assert.equal(rig.receipts.length, 1);
    rig.checkReceipts();
    await rig.tick(1);
    assert.ok(!rig.keys.has(1));
  });

  test("whose key is unfit goes, and another is made", async () => {
    const rig = new Rig();
    let doubled = true;
    const seed = rig.ports.seed;
    const ports: AnchoringPorts = {
      ...rig.ports,
      seed: (id) =>
        doubled ? Promise.reject(new PavilionError("HSM_KEY_MISSING", "It is there twice.")) : seed(id),
      destroySeed: (id) => {
        doubled = false;
        return rig.ports.destroySeed(id);
      },
    };
    await anchoring.handle(tickAt(1), rig.state, ports);
    assert.ok(!doubled);
    await settled(rig);
    assert.deepEqual(
      rig.seeds.map(({ id }) => id),
      [1],
    );
  });

  test("whose anchor fell off the chain is closed until it is anchored anew", async () => {
    const rig = new Rig();
    await settled(rig);
    rig.chain.reorganise(1);
    await rig.take(matchLeaf(1));
    await rig.tick(8);
    assert.deepEqual(
      rig.seeds.map(({ open }) => open),
      [true, false, true],
    );
  });

  test("is closed where somebody else has anchored the log: nobody is charged for what cannot be anchored", async () => {
    const rig = new Rig();
    await settled(rig);
    rig.chain.include({ size: 50, root: `0x${"f0".repeat(32)}` });
    await rig.take(matchLeaf(1));
    await rig.tick(3);
    assert.deepEqual(
      rig.seeds.map(({ open }) => open),
      [true, false],
    );
    assert.ok(rig.actions.includes("chain.away"));
  });

  test("follows at once when such an anchor is undone, and no number serves twice", async () => {
    const rig = new Rig();
    Object.assign(rig.ports, { seedPeriodMs: 30 * DAY_MS });
    await settled(rig);
    rig.chain.include({ size: 50, root: `0x${"f0".repeat(32)}` });
    await rig.take(spendLeaf(1));
    await rig.tick(3);
    await rig.tick(2, 4 * DAY_MS);
    assert.deepEqual([...rig.keys], [2]);
    assert.equal(rig.openSeed(), undefined);
    rig.chain.reorganise(1);
    await settled(rig);
    assert.equal(rig.openSeed(), seedRef(2).commitment);
    rig.checkLog();
  });

  test("whose key was made before a crash, or before the HSM went, is that very one", async () => {
    const rig = new Rig();
    await rig.crash(tickAt(1));
    assert.deepEqual([...rig.keys], [1]);
    const { seed } = rig.ports;
    Object.assign(rig.ports, { seed: () => Promise.reject(new PavilionError("HSM_UNAVAILABLE", "Gone.")) });
    await rig.tick(2);
    Object.assign(rig.ports, { seed });
    await settled(rig);
    assert.deepEqual([...rig.keys], [1]);
    assert.deepEqual(rig.seeds, [{ ...seedRef(1), open: true }]);
  });

  test("that cannot be destroyed holds up no newer one, and is told once", async () => {
    const rig = new Rig();
    const refusing = (): Promise<void> =>
      Promise.reject(new PavilionError("HSM_OPERATION_FAILED", "The key is kept."));
    Object.assign(rig.ports, { destroySeed: refusing });
    await settled(rig);
    for (let n = 0; n < 4; n++) {
      await rig.tick(1, 8 * DAY_MS);
      await settled(rig);
    }
    assert.equal(rig.openSeed(), seedRef(5).commitment);
    assert.ok(rig.keys.has(1));
    assert.equal(rig.actions.filter((action) => action === "seed.failed").length, 1);
  });

  test("of an HSM that fails is not half made, and the log is anchored all the same", async () => {
    const rig = new Rig();
    rig.hsmFails = true;
    await rig.tick(2);
    const tables = new Set(rig.state.snapshot().map(([table, key]) => `${table}/${key}`));
    assert.deepEqual([...tables], ["completing/", "log/seeds-trouble"]);
    assert.equal(rig.actions.filter((action) => action === "seed.failed").length, 1);
    await rig.take(matchLeaf(1));
    await rig.tick(4);
    assert.equal(rig.leaves.length, 1);
    rig.hsmFails = false;
    await settled(rig);
    assert.deepEqual(
      rig.seeds.map(({ id }) => id),
      [1],
    );
  });
});
