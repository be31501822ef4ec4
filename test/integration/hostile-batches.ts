/**
 * Record batches that Kafka takes from an enemy's client, and honest ones in each codec.
 */
import { gzipSync, zstdCompressSync } from "node:zlib";
import { rawBatch, type RawRecord } from "../../runtime/kafka/wire/raw-batch.ts";

type Pack = (records: Buffer) => Buffer;

/** One block of literals, in snappy-java's stream. */
export const snappy: Pack = (records) => {
  const block = Buffer.alloc(5 + 5);
  for (let index = 0; index < 5; index++)
    block[index] = ((records.length >>> (7 * index)) & 0x7f) | (index < 4 ? 0x80 : 0);
  block[5] = 63 << 2;
  block.writeUInt32LE(records.length - 1, 6);
  const head = Buffer.from("glNOQVBQWQAAAAABAAAAAQAAAAA=", "base64");
  head.writeUInt32BE(block.length + records.length, 16);
  return Buffer.concat([head, block, records]);
};

/** A frame of one block that is not compressed, of 4 MiB at most. */
export const lz4: Pack = (records) => {
  const size = Buffer.alloc(4);
  size.writeUInt32LE(records.length + 0x80000000);
  return Buffer.concat([
    Buffer.from("04224d186070", "hex"),
    Buffer.from([0x73]),
    size,
    records,
    Buffer.alloc(4),
  ]);
};

const codecs = {
  none: [0, undefined],
  gzip: [1, (records) => gzipSync(records)],
  snappy: [2, snappy],
  lz4: [3, lz4],
  zstd: [4, (records) => zstdCompressSync(records)],
} as const satisfies Record<string, readonly [number, Pack | undefined]>;

export function packedIn(codec: keyof typeof codecs, records: readonly RawRecord[]): Buffer {
  const [attributes, pack] = codecs[codec];
  return rawBatch({ attributes, records, ...(pack === undefined ? {} : { pack }) });
}

export interface HostileBatch {
  readonly name: string;
  readonly batch: () => Buffer;
  /** What its dead letters say. */
  readonly code: "RECORD_TOO_LARGE" | "EVENT_TYPE_UNKNOWN";
}

const key = "stranger";
const headers = (count: number) =>
  Array.from({ length: count }, (_, index) => [`h${String(index)}`, "v"] as const);

/** A record of 100 MB of zeros, at a thousandth of that. */
const bomb = (attributes: number, pack: Pack) => (): Buffer =>
  rawBatch({ attributes, records: [{ delta: 0, key, value: Buffer.alloc(100_000_000) }], pack });

const one =
  (record: Partial<RawRecord>, codec: keyof typeof codecs = "none") =>
  (): Buffer =>
    packedIn(codec, [{ delta: 0, key, ...record }]);

export const hostileBatches: readonly HostileBatch[] = [
  { name: "100 MB in gzip", batch: bomb(1, (records) => gzipSync(records)), code: "RECORD_TOO_LARGE" },
  {
    name: "100 MB in zstd",
    batch: bomb(4, (records) => zstdCompressSync(records)),
    code: "RECORD_TOO_LARGE",
  },
  { name: "a key of 800 KB", batch: one({ key: Buffer.alloc(800_000, 0x61) }), code: "RECORD_TOO_LARGE" },
  {
    name: "a key of 800 KB in a kilobyte of gzip",
    batch: one({ key: Buffer.alloc(800_000, 0x61) }, "gzip"),
    code: "RECORD_TOO_LARGE",
  },
  { name: "16,000 headers", batch: one({ headers: headers(16_000) }), code: "RECORD_TOO_LARGE" },
  {
    name: "a header without a value",
    batch: one({ headers: [["traceparent", null]] }),
    code: "EVENT_TYPE_UNKNOWN",
  },
  { name: "neither key nor value", batch: one({ key: null, value: null }), code: "EVENT_TYPE_UNKNOWN" },
];
