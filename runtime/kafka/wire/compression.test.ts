/** Bytes that others compressed, and what enemies make of them. vectors.json says where they are from. */
import assert from "node:assert/strict";
import { createHash } from "node:crypto";
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { test } from "node:test";
import { constants, gzipSync, zstdCompressSync } from "node:zlib";
import fc from "fast-check";
import { PavilionError } from "../../../errors/errors.ts";
import { inflate } from "./compression.ts";
import { decodeBatches } from "./record-batch.ts";

interface Vectors {
  readonly java: Readonly<Record<string, string>>;
  readonly blocks: readonly {
    readonly length: number;
    readonly sha256: string;
    readonly packed: Readonly<Record<string, string>>;
  }[];
}

const vectors = JSON.parse(readFileSync(join(import.meta.dirname, "vectors.json"), "utf8")) as Vectors;
const codecs = new Map([
  ["gzip", 1],
  ["snappy", 2],
  ["lz4", 3],
  ["zstd", 4],
]);
const codecOf = (name: string): number => codecs.get(name.split(" ")[0] ?? "") ?? 0;
const bytesOf = (text: string): Buffer => Buffer.from(text, "base64");
const most = 1 << 20;

/** All that is compressed, each with its codec. */
const packed = vectors.blocks.flatMap(({ packed, ...plain }) =>
  Object.entries(packed).map(([name, text]) => ({
    name,
    codec: codecOf(name),
    bytes: bytesOf(text),
    ...plain,
  })),
);

test("the Java client's batches hold the same records in every codec", () => {
  const batches = Object.entries(vectors.java).map(([codec, text]) => {
    const records = [...decodeBatches(bytesOf(text), { from: 100n, end: 200n }, { left: most })].flat();
    return [codec, records.map(({ batchContext: _, ...record }) => record)] as const;
  });
  const [[name, plain] = ["", []], ...compressed] = batches;
  assert.deepEqual([name, plain.length, plain[11]?.key?.toString()], ["none", 12, "key-11"]);
  assert.equal(plain[11]?.headers.get("ce_id")?.toString(), "id-11");
  assert.equal(compressed.length, 4);
  for (const [codec, records] of compressed) assert.deepEqual(records, plain, codec);
});

test("what snap, lz4 and zstd compressed is inflated", () => {
  assert.equal(packed.length, 28);
  for (const { name, codec, bytes, length, sha256 } of packed) {
    const inflated = inflate(codec, bytes, most);
    assert.equal(inflated.length, length, name);
    assert.equal(createHash("sha256").update(inflated).digest("hex"), sha256, name);
  }
});

const codeOf = (run: () => Buffer): string | undefined => {
  try {
    run();
    return undefined;
  } catch (error) {
    assert.ok(error instanceof PavilionError, String(error));
    return error.code;
  }
};

test("one byte more than the bound is too much, in every codec", () => {
  for (const { name, codec, bytes, length } of packed) {
    if (length < 2) continue;
    assert.equal(
      codeOf(() => inflate(codec, bytes, length)),
      undefined,
      name,
    );
    assert.equal(
      codeOf(() => inflate(codec, bytes, length - 1)),
      "RECORD_TOO_LARGE",
      name,
    );
  }
});

test("whatever ends early is unreadable", () => {
  for (const { name, codec, bytes, length } of packed) {
    if (length === 0) continue;
    for (let cut = 0; cut < bytes.length; cut += Math.max(1, bytes.length >> 5))
      assert.equal(
        codeOf(() => inflate(codec, bytes.subarray(0, cut), most)),
        "RECORD_UNREADABLE",
        name,
      );
  }
});

test("bytes changed at random are inflated within the bound or refused, and nothing else happens", () => {
  const changes = fc.array(fc.tuple(fc.nat(), fc.nat(255)), { minLength: 1, maxLength: 6 });
  fc.assert(
    fc.property(fc.nat(packed.length - 1), changes, fc.nat(4), (index, places, codec) => {
      const vector = packed[index];
      const bytes = Buffer.from(vector?.bytes ?? []);
      for (const [place, value] of places) if (bytes.length > 0) bytes[place % bytes.length] = value;
      for (const one of [vector?.codec ?? 0, codec]) {
        const code = codeOf(() => {
          const inflated = inflate(one, bytes, 100_000);
          assert.ok(inflated.length <= 100_000);
          return inflated;
        });
        assert.ok([undefined, "RECORD_TOO_LARGE", "RECORD_UNREADABLE"].includes(code));
      }
    }),
    { numRuns: 3_000 },
  );
});

/** Bytes of memory that refusing took, however large the lengths that were claimed. */
function allocatedBy(run: () => Buffer): number {
  const before = process.memoryUsage().arrayBuffers;
  assert.notEqual(codeOf(run), undefined);
  return process.memoryUsage().arrayBuffers - before;
}

test("a length that is claimed and not kept allocates nothing", () => {
  const claims: readonly [number, Buffer][] = [
    // A block of 4 GiB less one, and of the longest literal.
    [2, Buffer.from([0xff, 0xff, 0xff, 0xff, 0x0f, 0x00, 0x61])],
    [2, Buffer.from([0xff, 0xff, 0xff, 0xff, 0x0f, 0xfc, 0xff, 0xff, 0xff, 0xff])],
    // snappy-java's stream, of a block of 2 GiB.
    [2, Buffer.concat([bytesOf("glNOQVBQWQAAAAABAAAAAQ=="), Buffer.from([0x7f, 0xff, 0xff, 0xff, 0])])],
    // A frame that claims 2^63 bytes, and one block of 2 GiB.
    [3, Buffer.from([4, 0x22, 0x4d, 0x18, 0x68, 0x70, ...Buffer.alloc(8, 0x7f), 0, 0xff, 0xff, 0xff, 0x7f])],
  ];
  for (const [codec, bytes] of claims) {
    assert.ok(allocatedBy(() => inflate(codec, bytes, 1 << 26)) < 1 << 20);
  }
});

test("a zstd frame whose window is larger than a decoder is asked for is refused", () => {
  const params = { [constants.ZSTD_c_windowLog]: 27, [constants.ZSTD_c_contentSizeFlag]: 0 };
  // Without its size beforehand the window is as large as was asked.
  const frame = zstdCompressSync(Buffer.alloc(10), { params });
  const streamed = Buffer.from([0x28, 0xb5, 0x2f, 0xfd, 0x00, 0x88, 0x01, 0x00, 0x00]);
  assert.equal(inflate(4, frame, most).length, 10);
  assert.ok(allocatedBy(() => inflate(4, streamed, most)) < 1 << 20);
});

test("a reference to before the beginning, or to nothing, is unreadable", () => {
  const snappy = (...bytes: number[]): Buffer => Buffer.from([8, 0x00, 0x61, ...bytes]);
  for (const block of [
    snappy(0x0d, 2),
    snappy(0x0d, 0),
    snappy(0x1a, 0xff, 0xff),
    snappy(0x1b, 1, 0, 0, 0x80),
  ])
    assert.equal(
      codeOf(() => inflate(2, block, most)),
      "RECORD_UNREADABLE",
    );
  const frame = (...block: number[]): Buffer =>
    Buffer.from([4, 0x22, 0x4d, 0x18, 0x60, 0x40, 0, block.length, 0, 0, 0, ...block, 0, 0, 0, 0]);
  assert.equal(String(inflate(3, frame(0x10, 0x61, 1, 0, 0x00), most)), "aaaaa");
  for (const distance of [0, 2, 255])
    assert.equal(
      codeOf(() => inflate(3, frame(0x10, 0x61, distance, 0, 0x00), most)),
      "RECORD_UNREADABLE",
    );
});

test("many empty blocks and members take time in proportion to their bytes", () => {
  const stream = bytesOf("glNOQVBQWQAAAAABAAAAAQ==");
  const blocks = Buffer.concat([
    stream,
    ...Array.from({ length: 100_000 }, () => Buffer.from([0, 0, 0, 1, 0])),
  ]);
  assert.equal(inflate(2, blocks, most).length, 0);
  const members = Buffer.concat(Array.from({ length: 20_000 }, () => gzipSync("")));
  assert.equal(inflate(1, members, most).length, 0);
});
