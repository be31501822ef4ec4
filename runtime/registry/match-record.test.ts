import assert from "node:assert/strict";
import { test } from "node:test";
import fc from "fast-check";
import { decodeRecord, encodeRecord } from "./match-record.ts";

/** The widest bounds that a collaboration may declare. */
const BOUND = 1_000_000_000;

const records = fc.record(
  {
    token: fc.uint8Array({ minLength: 16, maxLength: 16 }).map((bytes) => Buffer.from(bytes)),
    values: fc.array(fc.option(fc.integer({ min: -BOUND, max: BOUND })), { maxLength: 32 }),
  },
  { noNullPrototype: true },
);

test("every record comes back", () => {
  fc.assert(
    fc.property(records, (record) => {
      assert.deepEqual(decodeRecord(encodeRecord(record)), record);
    }),
  );
});

test("Avro 1.12 binary: length, token, one block of values with its union branches, end", () => {
  const record = { token: Buffer.alloc(16, 0xaa), values: [3, null, -1] };
  assert.equal(encodeRecord(record).toString("hex"), `20${"aa".repeat(16)}060206000201` + "00");
});

test("refuses bytes that are cut, that go on, or that are something else", () => {
  const bytes = encodeRecord({ token: Buffer.alloc(16), values: [1] });
  assert.throws(() => decodeRecord(bytes.subarray(0, -1)));
  assert.throws(() => decodeRecord(Buffer.concat([bytes, Buffer.alloc(1)])));
  assert.throws(() => decodeRecord(Buffer.from("ff", "hex")));
});

test("refuses to encode a value that is no whole number", () => {
  assert.throws(() => encodeRecord({ token: Buffer.alloc(16), values: [1.5] }));
});
