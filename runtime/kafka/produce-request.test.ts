/** The request against kafkajs's own encoder, byte by byte. */
import assert from "node:assert/strict";
import { createRequire } from "node:module";
import { test } from "node:test";
import fc from "fast-check";
import type { Message } from "kafkajs";
import { encodeProduce, type ProduceRequest } from "./produce-request.ts";

const require = createRequire(import.meta.url);
const theirRequest = require("kafkajs/src/protocol/requests/produce/v7/request.js") as (
  request: ProduceRequest & { readonly compression: number },
) => { readonly encode: () => Promise<{ readonly buffer: Buffer }> };

const now = 1_800_000_000_000;

/** kafkajs stamps records by the clock; here each has its own time, or the clock stands still. */
async function theirs(request: ProduceRequest): Promise<Buffer> {
  const clock = Date.now;
  Date.now = () => now;
  try {
    return (await theirRequest({ ...request, compression: 0 }).encode()).buffer;
  } finally {
    Date.now = clock;
  }
}

const bytes = fc.uint8Array({ maxLength: 300 }).map((one) => Buffer.from(one));
const text = fc.string({ maxLength: 150, unit: "grapheme" });
const headers = fc.dictionary(
  text,
  fc.oneof(text, bytes, fc.array(fc.oneof(text, bytes), { maxLength: 3 })),
  {
    maxKeys: 5,
  },
);
const message: fc.Arbitrary<Message> = fc.record({
  key: fc.oneof(text, bytes, fc.constant(null)),
  value: fc.oneof(text, bytes, fc.constant(null)),
  headers,
});
const request: fc.Arbitrary<ProduceRequest> = fc.record({
  transactionalId: fc.oneof(fc.constant(undefined), fc.string({ minLength: 1, maxLength: 20 })),
  producerId: fc.bigInt({ min: -1n, max: 2n ** 63n - 1n }).map(String),
  producerEpoch: fc.integer({ min: 0, max: 32_767 }),
  acks: fc.constantFrom(-1, 0, 1),
  timeout: fc.integer({ min: 0, max: 60_000 }),
  topicData: fc.array(
    fc.record({
      topic: fc.string({ minLength: 1, maxLength: 30 }),
      partitions: fc.array(
        fc.record({
          partition: fc.nat(1_000),
          firstSequence: fc.nat(2 ** 31 - 1),
          messages: fc.array(message, { minLength: 1, maxLength: 150 }),
        }),
        { minLength: 1, maxLength: 3 },
      ),
    }),
    { minLength: 1, maxLength: 3 },
  ),
});

test("is what kafkajs encodes", async () => {
  await fc.assert(
    fc.asyncProperty(request, async (one) => {
      assert.deepEqual(encodeProduce(one, now), await theirs(one));
    }),
    { numRuns: 60 },
  );
});

test("a batch starts at its earliest record's time, and each record says how much later it is", async () => {
  const messages = [5_000_000_000, 70, 0].map((later) => ({ value: "x", timestamp: String(now + later) }));
  const one: ProduceRequest = {
    ...{ transactionalId: "t", producerId: "1", producerEpoch: 0, acks: -1, timeout: 1 },
    topicData: [{ topic: "t", partitions: [{ partition: 0, firstSequence: 0, messages }] }],
  };
  assert.deepEqual(encodeProduce(one, now), await theirs(one));
});

test("a megabyte in one record, and as much in many, fit", async () => {
  for (const messages of [
    [{ value: Buffer.alloc(1e6, 1) }],
    Array.from({ length: 1e4 }, () => ({ value: "y".repeat(99) })),
  ]) {
    const topicData = [{ topic: "t", partitions: [{ partition: 3, firstSequence: 9, messages }] }];
    const one = {
      transactionalId: "t",
      producerId: "5",
      producerEpoch: 2,
      acks: -1,
      timeout: 30_000,
      topicData,
    };
    assert.deepEqual(encodeProduce(one, now), await theirs(one));
  }
});
