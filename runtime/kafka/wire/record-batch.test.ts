/** Batches that Kafka's clients and their enemies could write; the honest ones against kafkajs's own decoder. */
import assert from "node:assert/strict";
import { createRequire } from "node:module";
import { test } from "node:test";
import { gzipSync, zstdCompressSync } from "node:zlib";
import fc from "fast-check";
import { encodeProduce } from "../produce-request.ts";
import { batchBytesMax, batchRecordsMax, fetchBytesMax, headersMax } from "./bounds.ts";
import { appendedAt, rawBatch, rawRecord, type RawBatch } from "./raw-batch.ts";
import { decodeBatches, type DecodedRecord } from "./record-batch.ts";

const decode = (bytes: Buffer, from = 0n, end = 1n << 40n): DecodedRecord[] =>
  [...decodeBatches(bytes, { from, end }, { left: fetchBytesMax })].flat();

/** What stands after whatever was bad. */
const good = (first: number): Buffer => rawBatch({ first, records: [{ delta: 0, value: "good" }] });

/** Holds that the batch is one fault from its first to its last offset, and that the record behind it gets through. */
function requireFault(batch: RawBatch, code: string, detail: RegExp, last = 0): void {
  const [fault, behind, ...more] = decode(Buffer.concat([rawBatch(batch), good(last + 1)]));
  assert.deepEqual([fault?.fault?.code, fault?.offset], [code, String(last)]);
  assert.match(fault?.fault?.detail ?? "", detail);
  assert.equal(fault?.fault?.firstOffset, BigInt(batch.first ?? 0));
  assert.deepEqual(
    [behind?.offset, String(behind?.value), behind?.fault],
    [String(last + 1), "good", undefined],
  );
  assert.equal(more.length, 0);
}

const kafkajsDecoder = createRequire(import.meta.url)("kafkajs/src/protocol/decoder.js") as new (
  bytes: Buffer,
) => object;
const kafkajsBatch = createRequire(import.meta.url)("kafkajs/src/protocol/recordBatch/v0/decoder.js") as (
  decoder: object,
) => Promise<{ records: (Omit<DecodedRecord, "headers"> & { headers: Record<string, Buffer> })[] }>;

const bytes = fc.uint8Array({ maxLength: 200 }).map((one) => Buffer.from(one));
/** kafkajs takes a header named as a member of every object for one that stands twice. */
const headerName = fc.string({ unit: "grapheme", maxLength: 20 }).filter((name) => !(name in {}));
const message = fc.record({
  key: fc.oneof(bytes, fc.constant(null)),
  value: fc.oneof(bytes, fc.constant(null)),
  headers: fc.dictionary(headerName, bytes, {
    maxKeys: 5,
    noNullPrototype: true,
  }),
});

test("what our encoder writes is decoded as kafkajs decodes it", async () => {
  const messages = fc.array(message, { minLength: 1, maxLength: 40 });
  await fc.assert(
    fc.asyncProperty(messages, fc.boolean(), async (sent, inTransaction) => {
      const request = encodeProduce(
        {
          ...(inTransaction ? { transactionalId: "t" } : {}),
          ...{ producerId: "7", producerEpoch: 0, acks: -1, timeout: 1 },
          topicData: [{ topic: "t", partitions: [{ partition: 0, messages: sent }] }],
        },
        appendedAt,
      );
      const batch = request.subarray(request.length - batchLengthIn(request));
      const theirs = (await kafkajsBatch(new kafkajsDecoder(batch))).records;
      const ours = decode(batch);
      assert.equal(ours.length, sent.length);
      for (const [index, record] of ours.entries()) {
        const { offset, timestamp, key, value, headers, isControlRecord, batchContext } = record;
        const their = theirs[index];
        assert.deepEqual(
          { offset, timestamp, key, value, isControlRecord },
          {
            ...{ offset: their?.offset, timestamp: their?.timestamp, key: their?.key, value: their?.value },
            isControlRecord: their?.isControlRecord,
          },
        );
        assert.deepEqual([...headers], Object.entries(their?.headers ?? {}));
        assert.deepEqual(batchContext, { producerId: "7", inTransaction });
      }
    }),
    { numRuns: 200 },
  );
});

/** The last thing in a produce request of one partition is its batch. */
function batchLengthIn(request: Buffer): number {
  for (let length = 61; length <= request.length; length++) {
    const at = request.length - length;
    if (at >= 4 && request.readInt32BE(at - 4) === length && request.readInt32BE(at + 8) === length - 12)
      return length;
  }
  throw new Error("no batch");
}

test("a record has the broker's time where the broker stamps the batch, else its own", () => {
  const records = [{ delta: 0, later: 5 }];
  const times = { firstTimestamp: 100n, maxTimestamp: 900n, records };
  const [stamped] = decode(rawBatch({ ...times, attributes: 0x08 }));
  const [own] = decode(rawBatch({ ...times, attributes: 0 }));
  assert.deepEqual([stamped?.timestamp, own?.timestamp], ["900", "105"]);
});

test("each codec is read, and the offsets go on as they are", () => {
  const records = [{ delta: 0 }, { delta: 1, value: "x".repeat(9_000) }, { delta: 2 }];
  for (const [codec, pack] of [
    [1, gzipSync],
    [4, zstdCompressSync],
  ] as const) {
    const read = decode(rawBatch({ first: 40, attributes: 0x08 | codec, records, pack: (one) => pack(one) }));
    assert.deepEqual(
      read.map(({ offset, value, fault }) => [offset, value?.length, fault]),
      [
        ["40", 1, undefined],
        ["41", 9_000, undefined],
        ["42", 1, undefined],
      ],
    );
  }
});

test("a bomb of each codec is one fault, and what is behind it gets through", () => {
  const zeros = Buffer.alloc(batchBytesMax + 1);
  for (const [codec, pack] of [
    [1, gzipSync],
    [4, zstdCompressSync],
  ] as const) {
    const bomb = { attributes: codec, packed: pack(zeros), records: [{ delta: 0 }] };
    requireFault(bomb, "RECORD_TOO_LARGE", /inflates to more than/);
  }
});

test("what no codec is, or no such codec's bytes, is one fault", () => {
  for (const codec of [5, 6, 7]) {
    requireFault({ attributes: codec }, "RECORD_UNREADABLE", /a codec that Kafka does not know/);
  }
  for (const codec of [1, 2, 3, 4]) requireFault({ attributes: codec }, "RECORD_UNREADABLE", /batch|block/i);
});

test("more records than are read at once, compressed or outside a transaction, are one fault", () => {
  const records = Array.from({ length: batchRecordsMax + 1 }, (_, delta) => ({ delta }));
  const last = batchRecordsMax;
  requireFault({ records }, "RECORD_TOO_LARGE", /more than 10000 records/, last);
  const packed = { records, attributes: 0x10 | 1, pack: (one: Buffer) => gzipSync(one) };
  requireFault(packed, "RECORD_TOO_LARGE", /more than 10000 records/, last);
  assert.equal(decode(rawBatch({ records, attributes: 0x10 })).length, records.length);
});

test("a damaged batch is one fault", () => {
  requireFault({ crc: 1 }, "RECORD_UNREADABLE", /checksum/);
});

test("an old format's batch is one fault", () => {
  for (const magic of [0, 1, 3, -1]) requireFault({ magic }, "RECORD_UNREADABLE", /version 2/);
});

const three = [{ delta: 0 }, { delta: 1 }, { delta: 2 }];

test("counts and lengths that do not fit make the whole batch one fault", () => {
  const cases: readonly [RawBatch, RegExp][] = [
    [{ records: three, count: -1 }, /fewer records/],
    [{ records: three, count: 2 ** 31 - 1, attributes: 0x10 }, /fewer records/],
    [{ records: three, count: 2 }, /bytes beyond its last record/],
    [{ records: three, count: 4, lastOffsetDelta: 2 }, /fewer records/],
    [
      { records: [...three.slice(0, 2), Buffer.from([0x7f, 0, 0, 0, 0, 0, 0, 0])], count: 3 },
      /negative|longer/,
    ],
    [
      { records: [...three.slice(0, 2), Buffer.from([0x10, 0, 0, 0])], count: 3, lastOffsetDelta: 2 },
      /longer|fewer/,
    ],
    [{ records: [{ delta: 0 }, { delta: 0 }, { delta: 2 }] }, /order/],
    [{ records: [{ delta: 0 }, { delta: 1 }, { delta: 9 }] }, /order/],
    [{ records: [{ delta: -1 }, { delta: 1 }, { delta: 2 }] }, /order/],
  ];
  for (const [batch, detail] of cases) requireFault(batch, "RECORD_UNREADABLE", detail, 2);
});

test("a number of more bytes than any, and one that ends nowhere, are faults", () => {
  for (const packed of [Buffer.alloc(400, 0xff), Buffer.alloc(9, 0x80)])
    requireFault({ packed, records: [{ delta: 0 }] }, "RECORD_UNREADABLE", /ten bytes|end within/);
});

test("a record that is bad in itself is a fault alone", () => {
  const bad = {
    "a length below none": Buffer.from([0, 0, 2, 0x03]),
    "a length beyond its end": Buffer.from([0, 0, 2, 0x7e]),
    "headers that are not there": rawRecord({ delta: 1, headerCount: 1_000_000 }).subarray(1 + 2),
  };
  for (const [name, body] of Object.entries(bad)) {
    const framed = name.startsWith("headers")
      ? rawRecord({ delta: 1, headerCount: 1_000_000 })
      : Buffer.concat([Buffer.from([2 * body.length]), body]);
    const read = decode(rawBatch({ records: [{ delta: 0 }, framed, { delta: 2 }] }));
    assert.deepEqual(
      read.map(({ offset, fault }) => [offset, fault?.code]),
      [
        ["0", undefined],
        ["1", "RECORD_UNREADABLE"],
        ["2", undefined],
      ],
      name,
    );
    assert.equal(read[1]?.fault?.firstOffset, undefined);
  }
  for (const record of [
    { delta: 1, headerCount: -1 },
    { delta: 1, headers: [[null, "x"]] as const },
    { delta: 1, rest: Buffer.from("more") },
    { delta: 1, later: 1n << 62n },
    { delta: 1, later: -(1n << 50n) },
  ]) {
    const read = decode(rawBatch({ records: [{ delta: 0 }, record, { delta: 2 }], attributes: 0 }));
    assert.deepEqual(
      read.map(({ fault }) => fault?.code),
      [undefined, "RECORD_UNREADABLE", undefined],
    );
  }
});

test("timestamps that are no dates are faults, one for each record", () => {
  for (const maxTimestamp of [-1n, -(1n << 63n), (1n << 63n) - 1n, 8_640_000_000_000_001n]) {
    const read = decode(rawBatch({ records: three, maxTimestamp }));
    assert.deepEqual(
      read.map(({ fault, timestamp }) => [fault?.code, timestamp]),
      Array.from({ length: 3 }, () => ["RECORD_UNREADABLE", "0"]),
    );
  }
});

test("of headers the first of a name counts, one without a value says nothing, and the first ones are kept", () => {
  const names = Array.from({ length: 1_000 }, (_, index) => [`n${String(index)}`, "v"] as const);
  const headers = [["__proto__", "p"], ["a", "1"], ["a", "2"], ["b", null], ["b", "late"], ...names] as const;
  const [read] = decode(rawBatch({ records: [{ delta: 0, headers }] }));
  assert.equal(read?.headerCount, 1_005);
  assert.equal(read.headers.size, headersMax - 2);
  assert.deepEqual(
    ["__proto__", "a", "b"].map((name) => read.headers.get(name)?.toString()),
    ["p", "1", "late"],
  );
});

test("a control batch is hidden where it is Kafka's, else a fault", () => {
  const marker = { delta: 0, key: Buffer.from([0, 0, 0, 1]), value: Buffer.alloc(6) };
  const [hidden] = decode(rawBatch({ attributes: 0x30, records: [marker] }));
  assert.deepEqual([hidden?.isControlRecord, hidden?.fault], [true, undefined]);
  requireFault({ attributes: 0x30, records: [{ delta: 0, key: null }] }, "RECORD_UNREADABLE", /control/);
  requireFault({ attributes: 0x30, records: three }, "RECORD_UNREADABLE", /control/, 2);
});

test("what compaction took is passed over, and an emptied batch too", () => {
  const gaps = decode(rawBatch({ first: 10, records: [{ delta: 1 }, { delta: 3 }], lastOffsetDelta: 6 }));
  assert.deepEqual(
    gaps.map(({ offset, isControlRecord }) => [offset, isControlRecord]),
    [
      ["11", false],
      ["13", false],
      ["16", true],
    ],
  );
  const [nothing, behind] = decode(
    Buffer.concat([rawBatch({ first: 10, records: [], lastOffsetDelta: 4 }), good(15)]),
  );
  assert.deepEqual([nothing?.offset, nothing?.isControlRecord, behind?.offset], ["14", true, "15"]);
});

test("a batch that is damaged where its number of offsets stands ends before the next", () => {
  const damaged = rawBatch({ first: 3, records: three });
  damaged.writeInt32BE(2 ** 31 - 1, 23);
  const [fault, behind] = decode(Buffer.concat([damaged, good(6)]));
  assert.deepEqual([fault?.offset, behind?.offset], ["5", "6"]);
  assert.equal(decode(damaged, 3n, 6n)[0]?.offset, "5", "or the log's end");
});

test("a last batch that came in part is left to the next fetch; a first one cannot be", () => {
  const [first, second] = [good(0), good(1)];
  for (let cut = 1; cut < second.length; cut++) {
    const read = decode(Buffer.concat([first, second.subarray(0, cut)]));
    assert.deepEqual(
      read.map(({ offset }) => offset),
      ["0"],
    );
  }
  for (const bytes of [
    first.subarray(0, 5),
    first.subarray(0, 40),
    rawBatch({ length: -5 }),
    rawBatch({ length: 2 ** 31 - 1 }),
  ]) {
    const [fault, ...more] = decode(bytes, 7n);
    assert.deepEqual([fault?.offset, fault?.fault?.code, more.length], ["7", "RECORD_UNREADABLE", 0]);
  }
});

test("batches before the offset that was asked for are passed over, and a fault begins there", () => {
  const [only] = decode(Buffer.concat([good(0), good(1)]), 1n);
  assert.equal(only?.offset, "1");
  const [fault] = decode(rawBatch({ first: 0, records: three, crc: 1 }), 2n);
  assert.deepEqual([fault?.offset, fault?.fault?.firstOffset], ["2", 2n]);
});

test("a fetch that unfolds to too much is taken in parts", () => {
  const large = { attributes: 1, records: [{ delta: 0, value: Buffer.alloc(1_000_000) }] };
  const batches = Array.from({ length: 100 }, (_, first) =>
    rawBatch({ first, ...large, pack: (one) => gzipSync(one) }),
  );
  const bytes = Buffer.concat(batches);
  const offsets: string[] = [];
  for (let from = 0, fetches = 0; from < 100; from = offsets.length) {
    const read = decode(
      bytes.subarray(batches.slice(0, from).reduce((sum, one) => sum + one.length, 0)),
      BigInt(from),
    );
    assert.ok(read.length > 0 && read.length * 1_000_000 <= fetchBytesMax + batchBytesMax);
    offsets.push(...read.map(({ offset }) => offset));
    assert.ok(++fetches < 10);
  }
  assert.deepEqual(
    offsets,
    Array.from({ length: 100 }, (_, index) => String(index)),
  );
});
