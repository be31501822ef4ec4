import assert from "node:assert/strict";
import { test } from "node:test";
import fc from "fast-check";
import { Partitioners } from "kafkajs";
import { byKey, murmur2, partitionOf } from "./partitioner.ts";

test("murmur2 is Kafka's: the vectors of its own UtilsTest", () => {
  const vectors: readonly [string, number][] = [
    ["21", -973932308],
    ["foobar", -790332482],
    ["a-little-bit-long-string", -985981536],
    ["a-little-bit-longer-string", -1486304829],
    ["lkjh234lh9fiuh90y23oiuhsafujhadof229phr9h19h89h8", -58897971],
    ["abc", 479470107],
  ];
  for (const [text, hash] of vectors) assert.equal(murmur2(Buffer.from(text)), hash, text);
});

const metadata = (count: number) =>
  Array.from({ length: count }, (_, partitionId) => ({
    ...{ partitionErrorCode: 0, partitionId, leader: 0, replicas: [], isr: [] },
  }));

test("a key's partition is the one that kafkajs chooses", () => {
  const theirs = Partitioners.DefaultPartitioner();
  const ours = byKey();
  fc.assert(
    fc.property(fc.uint8Array({ maxLength: 300 }), fc.integer({ min: 1, max: 64 }), (bytes, partitions) => {
      const key = Buffer.from(bytes);
      const of = { topic: "t", partitionMetadata: metadata(partitions), message: { key, value: null } };
      assert.equal(partitionOf(key, partitions), theirs(of));
      assert.equal(ours(of), theirs(of));
    }),
    { numRuns: 500 },
  );
});

test("a record that names its partition goes there, with a key or without", () => {
  const message = { key: "k", value: null, partition: 5 };
  assert.equal(byKey()({ topic: "t", partitionMetadata: metadata(8), message }), 5);
  const unkeyed = { key: null, value: null };
  assert.equal(byKey()({ topic: "t", partitionMetadata: metadata(8), message: unkeyed }), 0);
});

test("a key of megabytes takes about as long as sixteen of a sixteenth", () => {
  /** Processor time, which other processes of the machine do not add to. */
  const time = (length: number, times: number): number => {
    const key = Buffer.alloc(length, 0x61);
    const before = process.cpuUsage();
    for (let count = 0; count < times; count++) murmur2(key);
    return process.cpuUsage(before).user;
  };
  const least = (length: number, times: number): number =>
    Math.min(...Array.from({ length: 5 }, () => time(length, times)));
  const often = Math.max(least(1_000_000, 16), 1_000);
  // Quadratic time would be sixteen times as long.
  assert.ok(least(16_000_000, 1) < 6 * often, `${String(often)} us`);
});
