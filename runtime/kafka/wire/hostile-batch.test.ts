/**
 * Raw record batches at random, as an enemy's client could build them: sizes, counts, nesting, attributes, timestamps,
 * control batches, negative lengths, truncation, flipped bits. Whatever they hold, a fetch of them is decoded, every offset
 * is accounted for, the good record behind them gets through, and the time is in proportion to the bytes.
 */
import assert from "node:assert/strict";
import { test } from "node:test";
import { gzipSync, zstdCompressSync } from "node:zlib";
import fc from "fast-check";
import { crc32c } from "../crc32c.ts";
import { batchBytesMax, fetchBytesMax, inflateOverhead } from "./bounds.ts";
import { decodeFetch, type FetchRequest } from "./fetch-response.ts";
import { fetchBody, rawBatch, rawRecord, type RawBatch } from "./raw-batch.ts";
import type { DecodedRecord } from "./record-batch.ts";

const request = (fetchOffset: number): FetchRequest => ({
  topics: [{ topic: "t", partitions: [{ partition: 0, fetchOffset: String(fetchOffset) }] }],
});

function fetched(batches: Buffer, from = 0): DecodedRecord[] {
  const { responses } = decodeFetch(fetchBody("t", batches), request(from));
  return responses.flatMap(({ partitions }) => partitions.flatMap(({ messages }) => messages));
}

const bytes = fc.uint8Array({ maxLength: 60 }).map((one) => Buffer.from(one));
const text = fc.oneof(fc.constant(null), bytes, fc.string({ maxLength: 10 }));
/** Mostly what fits, else whatever a number can be. */
const number = (...usual: number[]): fc.Arbitrary<number> =>
  fc.oneof(
    { weight: 6, arbitrary: fc.constantFrom(...usual) },
    { weight: 1, arbitrary: fc.integer({ min: -(2 ** 31), max: 2 ** 31 - 1 }) },
  );
const long = fc.oneof(
  fc.constantFrom(1_800_000_000_000n, -1n, 0n),
  fc.bigInt({ min: -(2n ** 63n), max: 2n ** 63n - 1n }),
);

const record = fc.record(
  {
    later: fc.oneof(fc.constantFrom(0, 1, -5), fc.bigInt({ min: -(2n ** 63n), max: 2n ** 63n - 1n })),
    key: text,
    value: text,
    headers: fc.array(
      fc.tuple(
        text.map((name) => name?.toString() ?? null),
        text,
      ),
      { maxLength: 5 },
    ),
    headerCount: number(0, 1, -1, 5),
    rest: bytes,
  },
  { requiredKeys: [] },
);

const bomb = gzipSync(Buffer.alloc(batchBytesMax + 1));

const packs: readonly ((records: Buffer) => Buffer)[] = [
  (plain) => plain,
  (plain) => gzipSync(plain),
  (plain) => zstdCompressSync(plain),
  // Packed twice, and a bomb instead.
  (plain) => gzipSync(gzipSync(plain)),
  () => bomb,
  (plain) => plain.subarray(0, plain.length >> 1),
];

interface Hostile {
  readonly batch: RawBatch;
  readonly flips: readonly (readonly [number, number])[];
  readonly sealed: boolean;
}

const hostile: fc.Arbitrary<Hostile> = fc.record({
  batch: fc
    .record({
      records: fc.array(fc.oneof({ weight: 5, arbitrary: record }, { weight: 1, arbitrary: bytes }), {
        maxLength: 6,
      }),
      deltas: fc.array(number(0, 1, 2, 3), { minLength: 6, maxLength: 6 }),
      isOrdered: fc.boolean(),
      attributes: fc.oneof(
        fc.integer({ min: 0, max: 0x3f }),
        fc.integer({ min: -(2 ** 15), max: 2 ** 15 - 1 }),
      ),
      pack: fc.constantFrom(...packs),
      count: fc.option(number(0, 1, 2, 6), { nil: undefined }),
      lastOffsetDelta: fc.option(number(0, 5, 9), { nil: undefined }),
      magic: fc.oneof(
        { weight: 8, arbitrary: fc.constant(2) },
        { weight: 1, arbitrary: fc.integer({ min: -128, max: 127 }) },
      ),
      firstTimestamp: long,
      maxTimestamp: long,
      producerId: long,
    })
    .map(({ records, deltas, isOrdered, count, lastOffsetDelta, ...batch }) => ({
      ...batch,
      records: records.map((one, index) =>
        Buffer.isBuffer(one) ? one : rawRecord({ ...one, delta: isOrdered ? index : (deltas[index] ?? 0) }),
      ),
      ...(count === undefined ? {} : { count }),
      ...(lastOffsetDelta === undefined ? {} : { lastOffsetDelta }),
    })),
  flips: fc.array(fc.tuple(fc.nat(), fc.integer({ min: 1, max: 255 })), { maxLength: 3 }),
  sealed: fc.boolean(),
});

/** The batch with some of its bytes changed behind its length, under a right checksum again where it is sealed. */
function bytesOf({ batch, flips, sealed }: Hostile, first: number): Buffer {
  const whole = rawBatch({ ...batch, first });
  for (const [place, change] of flips) {
    const at = 12 + (place % (whole.length - 12));
    whole[at] = (whole[at] ?? 0) ^ change;
  }
  if (sealed) whole.writeUInt32BE(crc32c(whole, 21), 17);
  return whole;
}

test("every offset is accounted for, in order, and the good record behind gets through", () => {
  let [faults, read] = [0, 0];
  fc.assert(
    fc.property(fc.array(hostile, { minLength: 1, maxLength: 4 }), (batches) => {
      // Kafka numbers batches by what each says of itself; here each has room for ten.
      const raw = batches.map((one, index) => bytesOf(one, 10 * index));
      const end = 10 * batches.length;
      const records = fetched(
        Buffer.concat([...raw, rawBatch({ first: end, records: [{ delta: 0, value: "good" }] })]),
      );
      const offsets = records.map(({ offset }) => Number(offset));
      assert.deepEqual(
        offsets,
        [...new Set(offsets)].sort((one, other) => one - other),
      );
      assert.deepEqual([offsets.at(-1), String(records.at(-1)?.value)], [end, "good"]);
      for (let index = 0; index < batches.length; index++)
        assert.ok(
          offsets.some((offset) => offset >= 10 * index && offset < 10 * index + 10),
          `batch ${String(index)}`,
        );
      for (const { timestamp, fault } of records) {
        assert.ok(!Number.isNaN(new Date(Number(timestamp)).getTime()));
        if (fault === undefined) read += 1;
        else faults += 1;
      }
    }),
    { numRuns: 500 },
  );
  assert.ok(faults > 500 && read > 500, `${String(faults)} faults, ${String(read)} read`);
});

test("a reader that goes on behind what it got, fetch by fetch, comes to the end", () => {
  fc.assert(
    fc.property(fc.array(hostile, { minLength: 1, maxLength: 4 }), fc.nat(), (batches, cut) => {
      const raw = [
        ...batches.map((one, index) => bytesOf(one, 10 * index)),
        rawBatch({ first: 10 * batches.length }),
      ];
      let from = 0;
      for (let fetches = 0; from <= 10 * batches.length; fetches++) {
        assert.ok(fetches < 60, "it stands still");
        const rest = raw.slice(Math.floor(from / 10));
        const all = Buffer.concat(rest);
        // The first batch comes whole, the last in part.
        const sent = all.subarray(0, Math.max(rest[0]?.length ?? 0, cut % (all.length + 1)));
        const last = fetched(sent, from).at(-1)?.offset;
        from = Math.max(from, Number(last) + 1);
      }
    }),
    { numRuns: 150 },
  );
});

/** What grows with a number, whose time must grow no faster. */
const growing: Readonly<Record<string, (size: number) => RawBatch>> = {
  "a key": (size) => ({ records: [{ delta: 0, key: Buffer.alloc(16 * size, 0x61) }] }),
  "headers of one name": (size) => ({
    records: [{ delta: 0, headers: Array.from({ length: size }, () => ["h", "v"] as const) }],
  }),
  "headers of names of their own": (size) => ({
    records: [
      { delta: 0, headers: Array.from({ length: size }, (_, index) => [`h${String(index)}`, "v"] as const) },
    ],
  }),
  "a header's name": (size) => ({ records: [{ delta: 0, headers: [["h".repeat(16 * size), "v"]] }] }),
  records: (size) => ({
    attributes: 0x10,
    records: Array.from({ length: size >> 2 }, (_, delta) => ({ delta })),
  }),
  "faulty records": (size) => ({
    attributes: 0x10,
    records: Array.from({ length: size >> 2 }, (_, delta) => ({ delta, headerCount: 99 })),
  }),
  "gzip members": (size) => ({
    attributes: 1,
    packed: Buffer.concat(Array.from({ length: size >> 2 }, () => gzipSync(""))),
  }),
};

/** Processor time, which other processes of the machine do not add to. */
function timeOf(run: () => void): number {
  const before = process.cpuUsage();
  run();
  const { user, system } = process.cpuUsage(before);
  return user + system;
}

for (const [name, batchOf] of Object.entries(growing)) {
  test(`${name}: sixteen times as much takes about as long as sixteen times`, () => {
    const [small, large] = [rawBatch(batchOf(2_000)), rawBatch(batchOf(32_000))];
    const sixteen = (): void => {
      for (let time = 0; time < 16; time++) fetched(small);
    };
    const least = (run: () => void): number => Math.min(...Array.from({ length: 5 }, () => timeOf(run)));
    const often = least(sixteen);
    // Quadratic time would be sixteen times as long.
    assert.ok(least(() => fetched(large)) < 6 * Math.max(often, 1_000), `${String(often)} us`);
  });
}

const many = (length: number, batch: RawBatch): Buffer =>
  Buffer.concat(Array.from({ length }, (_, first) => rawBatch({ first, count: 1, ...batch })));

test("a fetch full of bombs is decoded in parts, each within the bound and one batch more", () => {
  for (const inflated of [batchBytesMax - 100, batchBytesMax, batchBytesMax + 1]) {
    const bomb = Buffer.alloc(inflated);
    for (const batch of [
      { attributes: 1, packed: gzipSync(bomb) },
      { attributes: 4, packed: zstdCompressSync(bomb) },
      // Its end is none.
      { attributes: 1, packed: gzipSync(bomb).subarray(0, -9) },
    ])
      assert.ok(fetched(many(1_000, batch)).length <= fetchBytesMax / (batchBytesMax - 100) + 1);
  }
});

test("a fetch full of small batches to inflate is decoded in parts", () => {
  const records = fetched(many(10_000, { attributes: 4, packed: zstdCompressSync(rawRecord({ delta: 0 })) }));
  assert.ok(records.length <= 1 + fetchBytesMax / inflateOverhead, String(records.length));
  assert.equal(
    records.find(({ fault }) => fault !== undefined),
    undefined,
  );
});

test("bombs in other partitions keep no good record back", () => {
  const bombs = many(1_000, { attributes: 4, packed: zstdCompressSync(Buffer.alloc(batchBytesMax - 100)) });
  const good = rawBatch({ records: [{ delta: 0, value: "good" }] });
  const { responses } = decodeFetch(fetchBody("t", bombs, good, bombs, good), request(0));
  const values = responses[0]?.partitions.map(({ messages }) => String(messages[0]?.value));
  assert.deepEqual([values?.[1], values?.[3]], ["good", "good"]);
});
