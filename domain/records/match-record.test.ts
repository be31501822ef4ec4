import assert from "node:assert/strict";
import { test } from "node:test";
import fc from "fast-check";
import { decodeRecord, encodedLength, encodeRecord } from "./match-record.ts";

/** The widest bounds that a collaboration may declare. */
const BOUND = 1_000_000_000;

const blinding = Buffer.alloc(32, 7);

const records = fc.record(
  {
    token: fc.uint8Array({ minLength: 16, maxLength: 16 }).map((bytes) => Buffer.from(bytes)),
    values: fc.array(fc.option(fc.integer({ min: -BOUND, max: BOUND })), { maxLength: 32 }),
    blinding: fc.uint8Array({ minLength: 32, maxLength: 32 }).map((bytes) => Buffer.from(bytes)),
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

test("Avro 1.12 binary: length, token, a block of values with union branches, end, length, blinding; then ISO/IEC 7816-4", () => {
  const record = { token: Buffer.alloc(16, 0xaa), values: [3, null, -1], blinding: Buffer.alloc(32, 0xbb) };
  const avro = `20${"aa".repeat(16)}060206000201` + `0040${"bb".repeat(32)}`;
  assert.equal(encodeRecord(record).toString("hex"), `${avro}80`.padEnd(2 * encodedLength(3), "0"));
});

test("a record's length tells how many columns there are, and nothing of their values", () => {
  const lengthOf = (values: (number | null)[]): number =>
    encodeRecord({ token: Buffer.alloc(16, 1), values, blinding }).length;
  for (let columns = 0; columns <= 32; columns++) {
    const widths = [null, 0, -1, 63, 64, BOUND, -BOUND, 2 ** 53 - 2, 2 - 2 ** 53].map((value) =>
      lengthOf(Array.from({ length: columns }, () => value)),
    );
    assert.deepEqual(new Set(widths), new Set([encodedLength(columns)]));
  }
  assert.equal(encodedLength(2) - encodedLength(1), 10);
});

test("refuses padding that is missing, cut, longer, of other bytes, or around something else", () => {
  const bytes = encodeRecord({ token: Buffer.alloc(16), values: [1], blinding });
  const mark = bytes.lastIndexOf(0x80);
  const padded = (hex: string): Buffer => {
    const whole = Buffer.alloc(bytes.length);
    whole.write(`${hex}80`, "hex");
    return whole;
  };
  const avro = bytes.subarray(0, mark).toString("hex");
  assert.deepEqual(padded(avro), bytes);
  for (const malformed of [
    Buffer.alloc(0),
    Buffer.alloc(bytes.length),
    bytes.subarray(0, mark),
    bytes.subarray(0, mark + 1),
    bytes.subarray(0, -1),
    Buffer.concat([bytes, Buffer.alloc(1)]),
    bytes.with(mark, 0x81),
    bytes.with(mark, 0),
    bytes.with(bytes.length - 1, 1),
    bytes.with(bytes.length - 1, 0x80),
    padded(`${avro}00`),
    padded(avro.slice(0, -2)),
    padded("ff"),
    padded(`20${"00".repeat(16)}0402000200` + `0040${"07".repeat(32)}`),
    padded(`20${"00".repeat(16)}0202` + `020040${"07".repeat(31)}`),
    padded(`20${"00".repeat(16)}0202` + "02"),
  ]) {
    assert.throws(() => decodeRecord(malformed), malformed.toString("hex"));
  }
});

test("refuses to encode a longer token or blinding than all others have", () => {
  assert.throws(() => encodeRecord({ token: Buffer.alloc(64), values: [1], blinding }));
  assert.throws(() => encodeRecord({ token: Buffer.alloc(16), values: [1], blinding: Buffer.alloc(64) }));
});

test("refuses to encode a value that is no whole number", () => {
  assert.throws(() => encodeRecord({ token: Buffer.alloc(16), values: [1.5], blinding }));
});
