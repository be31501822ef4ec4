import assert from "node:assert/strict";
import { test } from "node:test";
import fc from "fast-check";
import { ENVELOPE_OVERHEAD, seal } from "../crypto/sealing/envelope.ts";
import { sealerWith } from "./sealer.ts";

const bytes = Buffer.alloc(32, 7);
const keys = sealerWith({ generation: 1, bytes }, Buffer.alloc(32, 8));
const place = "eu.psi/3";

const sealedLength = (length: number): number => keys.seal(Buffer.alloc(length, 1), place).length;

/** An envelope of the region's own, around bytes that did not go through the sealer's padding. */
const around = (padded: Uint8Array): Uint8Array =>
  seal({ generation: 1, secret: bytes }, Buffer.alloc(12, 9), padded, Buffer.from(place));

test("what was sealed comes back, whatever it ends with", () => {
  const endings = fc.constantFrom(Buffer.alloc(0), Buffer.of(0x80), Buffer.of(0x80, 0, 0), Buffer.alloc(64));
  fc.assert(
    fc.property(fc.uint8Array({ maxLength: 5_000, size: "max" }), endings, (start, end) => {
      const plaintext = Buffer.concat([start, end]);
      assert.deepEqual(keys.open(keys.seal(plaintext, place), place), plaintext);
    }),
  );
});

test("an envelope's length tells a bucket: a power of two up to 1 KiB, whole KiB above", () => {
  const buckets: [first: number, last: number, bucket: number][] = [
    [0, 63, 64],
    [64, 127, 128],
    [128, 255, 256],
    [256, 511, 512],
    [512, 1_023, 1_024],
    [1_024, 2_047, 2_048],
    [2_048, 3_071, 3_072],
    [100 * 1_024, 101 * 1_024 - 1, 101 * 1_024],
  ];
  for (const [first, last, bucket] of buckets) {
    for (const length of [first, first + 1, last - 1, last]) {
      assert.equal(sealedLength(length), bucket + ENVELOPE_OVERHEAD, String(length));
    }
  }
});

test("refuses padding that it would not have made", () => {
  const malformed = { code: "SEALING_ENVELOPE_MALFORMED" };
  const padded = (content: number, marker: number, length: number): Uint8Array => {
    const bytes = Buffer.alloc(length);
    bytes.fill(1, 0, content);
    if (content < length) bytes[content] = marker;
    return bytes;
  };
  assert.equal(keys.open(around(padded(10, 0x80, 64)), place).length, 10);
  for (const bytes of [
    padded(0, 0, 0),
    padded(64, 0, 64),
    padded(10, 0x01, 64),
    padded(10, 0x80, 63),
    padded(10, 0x80, 128),
    padded(10, 0x80, 2_048),
    padded(1_024, 0x80, 3_072),
    Buffer.alloc(64),
    Buffer.from('["records","key",{"a":1}]'),
  ]) {
    assert.throws(() => keys.open(around(bytes), place), malformed);
  }
});

test("opens nothing at another place", () => {
  assert.throws(() => keys.open(keys.seal(Buffer.of(1), place), "eu.psi/4"), { code: "SEALING_NOT_OPENED" });
});
