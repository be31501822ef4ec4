import assert from "node:assert/strict";
import { describe, test } from "node:test";
import fc from "fast-check";
import {
  ORDER,
  addPoints,
  blindingGenerator,
  commit,
  commitRecords,
  commitSums,
  decodeScalar,
  encodeScalar,
  multiply,
  scalarFrom,
} from "./commitment.ts";

function refuses(act: () => unknown): void {
  assert.throws(act, { name: "CryptoError", code: "COMMITMENT_INVALID" });
}

const scalar = fc.bigInt({ min: 0n, max: ORDER - 1n });
const small = fc.oneof(
  fc.nat({ max: 1000 }),
  fc.nat({ max: 2 ** 31 - 1 }),
  fc.constantFrom(0, 1, 255, 256, 65_536, Number.MAX_SAFE_INTEGER),
);
const coordinates = fc.array(small, { maxLength: 6 });
const runs = { numRuns: 40 };

describe("commitments", () => {
  test("add up to the commitment to the sums", () => {
    const halves = fc.array(
      fc.tuple(fc.integer({ min: 0, max: 2 ** 52 - 1 }), fc.integer({ min: 0, max: 2 ** 52 - 1 })),
      { maxLength: 5 },
    );
    fc.assert(
      fc.property(fc.nat({ max: 3 }), halves, scalar, scalar, (slot, pairs, left, right) => {
        const sums = pairs.map(([one, other]) => one + other);
        const first = commit(
          slot,
          pairs.map(([one]) => one),
          left,
        );
        const second = commit(
          slot,
          pairs.map(([, other]) => other),
          right,
        );
        const listed = Array.from({ length: slot + 1 }, (_, index) => (index === slot ? sums : []));
        assert.ok(addPoints([first, second]).equals(commitSums(listed, (left + right) % ORDER)));
      }),
      runs,
    );
  });

  test("over several slots are the sum of a commitment for each", () => {
    fc.assert(
      fc.property(fc.array(coordinates, { maxLength: 3 }), scalar, (lists, blinding) => {
        const parts = lists.map((list, slot) => commit(slot, list, 0n));
        assert.ok(commitSums(lists, blinding).equals(addPoints([...parts, commit(0, [], blinding)])));
      }),
      runs,
    );
  });

  test("can be re-randomised by a multiple of the blinding's base", () => {
    fc.assert(
      fc.property(coordinates, scalar, scalar, (values, blinding, rho) => {
        const again = addPoints([commit(0, values, blinding), multiply(blindingGenerator(), rho)]);
        assert.ok(again.equals(commit(0, values, (blinding + rho) % ORDER)));
      }),
      runs,
    );
  });

  test("are refused for values that are no counts and blindings that are no scalars", () => {
    for (const bad of [-1, 0.5, NaN, Infinity, 2 ** 53]) {
      refuses(() => commit(0, [1, bad], 1n));
      refuses(() => commitSums([[], [bad]], 1n));
      refuses(() => commitRecords(0, [{ coordinates: [bad], blinding: 1n }]));
    }
    for (const bad of [-1n, ORDER]) {
      refuses(() => commit(0, [1], bad));
      refuses(() => commitSums([], bad));
      refuses(() => commitRecords(0, [{ coordinates: [1], blinding: bad }]));
    }
  });
});

describe("scalars", () => {
  test("a scalar and its 32 bytes give each other, and nothing else is taken", () => {
    fc.assert(
      fc.property(scalar, (each) => {
        assert.equal(decodeScalar(encodeScalar(each)), each);
        assert.equal(encodeScalar(each).length, 32);
      }),
    );
    for (const each of [-1n, ORDER, ORDER + 1n]) refuses(() => encodeScalar(each));
    for (const each of [ORDER, ORDER + 1n, 2n ** 256n - 1n]) {
      refuses(() => decodeScalar(Buffer.from(each.toString(16).padStart(64, "0"), "hex")));
    }
    for (const length of [0, 31, 33, 64]) refuses(() => decodeScalar(new Uint8Array(length)));
  });

  test("64 bytes are taken big-endian modulo the order, other lengths are refused", () => {
    fc.assert(
      fc.property(fc.uint8Array({ minLength: 64, maxLength: 64 }), (bytes) => {
        const value = bytes.reduce((sum, byte) => 256n * sum + BigInt(byte), 0n);
        assert.equal(scalarFrom(bytes), value % ORDER);
      }),
    );
    for (const length of [0, 32, 63, 65]) refuses(() => scalarFrom(new Uint8Array(length)));
  });
});
