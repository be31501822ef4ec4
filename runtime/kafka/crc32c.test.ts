/** CRC-32C against RFC 3720, appendix B.4, and against the definition, bit by bit. */
import assert from "node:assert/strict";
import { test } from "node:test";
import fc from "fast-check";
import { crc32c } from "./crc32c.ts";

/** B.4 prints its checksums with the least significant byte first. */
const vectors: readonly [what: string, bytes: Uint8Array, crc: string][] = [
  ["32 bytes of zeros", new Uint8Array(32), "aa36918a"],
  ["32 bytes of ones", new Uint8Array(32).fill(0xff), "43aba862"],
  ["32 bytes of incrementing 00..1f", Uint8Array.from({ length: 32 }, (_, index) => index), "4e79dd46"],
  ["32 bytes of decrementing 1f..00", Uint8Array.from({ length: 32 }, (_, index) => 31 - index), "5cdb3f11"],
];

test("RFC 3720 B.4", () => {
  for (const [what, bytes, crc] of vectors) {
    const bigEndian = Buffer.alloc(4);
    bigEndian.writeUInt32LE(crc32c(bytes));
    assert.equal(bigEndian.toString("hex"), crc, what);
  }
});

function byDefinition(bytes: Uint8Array): number {
  let crc = 0xffffffff;
  for (const byte of bytes) {
    crc = (crc ^ byte) >>> 0;
    for (let bit = 0; bit < 8; bit++) crc = (crc & 1) === 0 ? crc >>> 1 : ((crc >>> 1) ^ 0x82f63b78) >>> 0;
  }
  return (crc ^ 0xffffffff) >>> 0;
}

test("agrees with the definition on any bytes, and on any part of them", () => {
  fc.assert(
    fc.property(fc.uint8Array({ maxLength: 100 }), fc.nat(100), fc.nat(100), (bytes, one, other) => {
      const start = Math.min(one, other, bytes.length);
      const end = Math.min(Math.max(one, other), bytes.length);
      assert.equal(crc32c(bytes), byDefinition(bytes));
      assert.equal(crc32c(bytes, start, end), byDefinition(bytes.subarray(start, end)));
    }),
  );
});
