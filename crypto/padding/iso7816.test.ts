import assert from "node:assert/strict";
import { test } from "node:test";
import fc from "fast-check";
import { pad, unpad } from "./iso7816.ts";

test("pads as ISO/IEC 7816-4 does", () => {
  assert.deepEqual(pad(Uint8Array.of(1, 2), 5), Buffer.from([1, 2, 0x80, 0, 0]));
  assert.deepEqual(pad(Uint8Array.of(), 1), Buffer.from([0x80]));
});

test("gives any content back, marks and zeros at its end too", () => {
  const byte = fc.oneof(fc.constantFrom(0, 0x80), fc.integer({ min: 0, max: 255 }));
  fc.assert(
    fc.property(fc.array(byte, { maxLength: 40 }), fc.integer({ min: 1, max: 30 }), (bytes, room) => {
      const padded = pad(Uint8Array.from(bytes), bytes.length + room);
      assert.equal(padded.length, bytes.length + room);
      assert.deepEqual([...(unpad(padded) ?? [])], bytes);
    }),
  );
});

test("refuses content that leaves no room for the mark", () => {
  assert.throws(() => pad(Uint8Array.of(1, 2), 2), RangeError);
});

test("finds no content in bytes without a mark", () => {
  for (const bytes of [[], [0, 0], [1], [0x80, 1], [0x80, 0, 2, 0]]) {
    assert.equal(unpad(Uint8Array.from(bytes)), undefined);
  }
});
