import assert from "node:assert/strict";
import { createHash } from "node:crypto";
import { describe, test } from "node:test";
import {
  type Opening,
  ORDER,
  addPoints,
  commit,
  generator,
  scalarFrom,
  verifyOpenings,
} from "./commitment.ts";

/** A stream of bytes that is a function of its label, in place of a random source. */
function seeded(label: string): (length: number) => Uint8Array {
  let counter = 0;
  return (length) =>
    createHash("shake256", { outputLength: length })
      .update(`${label}/${String(counter++)}`)
      .digest();
}

function item<T>(list: readonly T[], index: number): T {
  const value = list[index];
  assert.ok(value !== undefined);
  return value;
}

function refuses(act: () => unknown): void {
  assert.throws(act, { name: "CryptoError", code: "COMMITMENT_INVALID" });
}

describe("openings", () => {
  function openingsOf(count: number, label: string, slot = 0): Opening[] {
    const random = seeded(label);
    return Array.from({ length: count }, (_, index) => {
      const values = [1, index, (index * 7919) % 1000, index % 2];
      const blinding = scalarFrom(random(64));
      return { commitment: commit(slot, values, blinding), coordinates: values, blinding };
    });
  }

  const SIZES = [1, 2, 7, 40];

  /** Whether the batch is still taken after `change` of the opening at `index`. */
  function verifies(
    openings: readonly Opening[],
    index: number,
    change: Partial<Opening>,
    slot = 0,
  ): boolean {
    const changed = openings.map((opening, at) => (at === index ? { ...opening, ...change } : opening));
    return verifyOpenings(slot, changed, seeded("weights"));
  }

  test("of honest batches are taken, whatever the weights", () => {
    for (const size of SIZES) {
      const openings = openingsOf(size, "honest", 3);
      assert.ok(verifyOpenings(3, openings, seeded("one")));
      assert.ok(verifyOpenings(3, openings, (length) => new Uint8Array(length).fill(0xff)));
    }
    assert.ok(verifyOpenings(0, [], seeded("none")));
  });

  test("with one value, count or blinding changed are refused", () => {
    for (const size of SIZES) {
      const openings = openingsOf(size, "changed");
      const index = size - 1;
      const { coordinates: values, blinding } = item(openings, index);
      for (const [column, value] of values.entries()) {
        assert.equal(verifies(openings, index, { coordinates: values.with(column, value + 1) }), false);
      }
      assert.equal(verifies(openings, index, { coordinates: [...values, 1] }), false);
      assert.equal(verifies(openings, index, { coordinates: values.slice(1) }), false);
      assert.equal(verifies(openings, index, { blinding: (blinding + 1n) % ORDER }), false);
      assert.equal(verifies(openings, index, { commitment: generator(0, 9) }), false);
      assert.equal(verifies(openings, index, {}), true);
    }
  });

  test("of each other's commitments are refused, though their sums agree", () => {
    const [first, second] = openingsOf(2, "swapped") as [Opening, Opening];
    const swapped = [
      { ...first, commitment: second.commitment },
      { ...second, commitment: first.commitment },
    ];
    assert.equal(verifyOpenings(0, swapped, seeded("weights")), false);
  });

  test("whose errors cancel in the plain sum are refused", () => {
    const [first, second] = openingsOf(2, "cancelling") as [Opening, Opening];
    const raised = (values: readonly number[]) => values.with(2, item(values, 2) + 1000);
    const batch = [
      { ...first, coordinates: raised(first.coordinates) },
      { ...second, commitment: commit(0, raised(second.coordinates), second.blinding) },
    ];
    const claimed = batch.map(({ coordinates, blinding }) => commit(0, coordinates, blinding));
    const committed = batch.map(({ commitment }) => commitment);
    assert.ok(addPoints(committed).equals(addPoints(claimed)));
    assert.equal(verifyOpenings(0, batch, seeded("weights")), false);
  });

  test("for another slot are refused", () => {
    assert.equal(verifyOpenings(1, openingsOf(3, "slot"), seeded("weights")), false);
  });

  test("out of range are refused, also where they are congruent to the committed ones", () => {
    const openings = openingsOf(2, "range");
    const { blinding, coordinates: values } = item(openings, 1);
    assert.equal(verifies(openings, 1, { blinding: blinding + ORDER }), false);
    assert.equal(verifies(openings, 1, { blinding: blinding - ORDER }), false);
    for (const bad of [-1, 0.5, NaN, 2 ** 53]) {
      assert.equal(verifies(openings, 1, { coordinates: values.with(1, bad) }), false);
    }
    const negative = addPoints([commit(0, [1], blinding), generator(0, 1).negate()]);
    assert.equal(verifies(openings, 1, { commitment: negative, coordinates: [1, -1] }), false);
  });

  test("take 16 bytes an opening in one call, and no fewer", () => {
    const openings = openingsOf(3, "weights");
    const lengths: number[] = [];
    const random = seeded("lengths");
    verifyOpenings(0, openings, (length) => {
      lengths.push(length);
      return random(length);
    });
    assert.deepEqual(lengths, [48]);
    refuses(() => verifyOpenings(0, openings, () => new Uint8Array(16)));
  });
});
