/** What outsiders write, on its way from a fetch to what a stage's task says of it. */
import assert from "node:assert/strict";
import { test } from "node:test";
import type { DeadLetter, EventTypes } from "../../schemas/avro/index.ts";
import { PavilionError } from "../../errors/errors.ts";
import type { Codec } from "../registry/codec.ts";
import { publish, type Stage } from "../contract/stage.ts";
import { StageTask, type Emission, type Input } from "../task.ts";
import { readInput } from "./fetched-record.ts";
import { murmur2, partitionOf } from "./partitioner.ts";
import { keyBytesMax } from "./wire/bounds.ts";
import { rawBatch, type RawBatch, type RawRecord } from "./wire/raw-batch.ts";
import { decodeBatches } from "./wire/record-batch.ts";
import { asking } from "../../pipelines/private-computation/asking.ts";
import { topics } from "../../pipelines/pipelines.ts";

const stage: Stage<"SignedRequest", null> = {
  name: "routing",
  inputs: [{ topic: "broker.requests", types: ["SignedRequest"] }],
  outputs: [],
  handle: () => publish({ audit: [{ tenant: "t", action: "handled" }] }),
};

const codec = {
  topics,
  decode: (_topic: string, _event: string, bytes: Buffer) =>
    bytes.length === 0
      ? Promise.reject(new PavilionError("EVENT_UNREADABLE", "nothing"))
      : Promise.resolve({ requestId: "r" } as EventTypes["SignedRequest"]),
} as unknown as Codec;

const partitions = 4;
const key = "0d5e8f0e-0000-4000-8000-000000000001";
const partition = partitionOf(Buffer.from(key), partitions);
const traceparent = "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01";
const headers = [
  ["ce_type", "pavilion.SignedRequest"],
  ["ce_id", "i"],
  ["ce_source", "/broker/core"],
  ["traceparent", traceparent],
] as const;

const surroundings = { topics, asking, sealOriginal: (raw: Buffer) => raw };

/** What a stage makes of a batch, record by record. */
async function taken(
  batch: RawBatch,
): Promise<{ inputs: Input[]; emissions: Emission[][]; position: bigint }> {
  const task = new StageTask({ stage, region: "eu", partition, ports: null, ...surroundings });
  const records = [...decodeBatches(rawBatch(batch), { from: 0n, end: 1_000_000n }, { left: 1e9 })].flat();
  const inputs: Input[] = [];
  const emissions: Emission[][] = [];
  for (const message of records) {
    const record = { topic: "broker.requests", address: "eu.broker.requests", message } as const;
    const input = await readInput(record, { stage, partition, partitions, codec });
    inputs.push(input);
    emissions.push(await task.take(input));
    await task.state.commit();
  }
  return { inputs, emissions, position: task.position("eu.broker.requests") };
}

const one = (record: Partial<RawRecord>): ReturnType<typeof taken> =>
  taken({ records: [{ delta: 0, key, value: "v", headers, ...record }] });

const faultOf = (input: Input | undefined): string | undefined =>
  input !== undefined && "fault" in input.content ? input.content.fault : undefined;

/** A key as long as is wished that lies in the partition. */
function keyOf(length: number): Buffer {
  const bytes = Buffer.alloc(length, 0x61);
  for (let last = 0; (murmur2(bytes) & 0x7fffffff) % partitions !== partition; last++)
    bytes[length - 1] = last;
  return bytes;
}

test("a record within its bounds is handled", async () => {
  for (const record of [{}, { key: keyOf(keyBytesMax) }, { value: Buffer.alloc(900_000, 1) }]) {
    const { inputs, emissions } = await one(record);
    assert.deepEqual(
      emissions.map((ones) => ones.map(({ topic }) => topic)),
      [["audit.events"]],
      faultOf(inputs[0]),
    );
  }
});

const many = (count: number, length: number) =>
  Array.from({ length: count }, (_, index) => [`n${String(index)}`, "v".repeat(length)] as const);

test("what is larger than an outsider's record may be is answered, and named by a hash where its key is the excess", async () => {
  const excesses: readonly [string, Partial<RawRecord>][] = [
    ["key", { key: keyOf(keyBytesMax + 1) }],
    ["key", { key: Buffer.alloc(800_000, 0x61) }],
    ["value", { value: Buffer.alloc(900_001) }],
    ["headers", { headers: [...headers, ...many(61, 1)] }],
    ["headers", { headers: [...headers, ...many(16_000, 1)] }],
    ["headers", { headers: [["traceparent", "0".repeat(100_000)], ...headers] }],
    ["ce_id", { headers: [["ce_id", "1/".repeat(300)], ...headers] }],
    ["ce_source", { headers: [["ce_source", "/".repeat(513)], ...headers] }],
  ];
  for (const [part, record] of excesses) {
    const { inputs, emissions, position } = await one(record);
    assert.equal(faultOf(inputs[0]), "RECORD_TOO_LARGE", part);
    const topics = emissions.flat().map(({ topic }) => topic);
    assert.deepEqual(topics, ["dead-letter", "result.refusals", "audit.events"], part);
    for (const { key, subject, id, source } of emissions.flat())
      for (const said of [key, subject, id, source]) assert.ok(said.length <= keyBytesMax, part);
    const letter = emissions.flat()[0]?.value as DeadLetter;
    assert.deepEqual([letter.sourceOffset, letter.sourceLastOffset, letter.eventType], [0, null, null]);
    assert.match(letter.message, new RegExp(part));
    assert.equal(position, 1n);
  }
});

test("a key that is no text is named by a hash, and lies by its bytes", async () => {
  const bytes = Buffer.from([0xff, 0xfe, 0]);
  for (let last = 0; partitionOf(bytes, partitions) !== partition; last++) bytes[2] = last;
  const { inputs } = await one({ key: bytes });
  assert.match(inputs[0]?.key ?? "", /^sha256:[0-9a-f]{64}$/);
  assert.equal(faultOf(inputs[0]), undefined);
});

test("no key, no value, no headers, and headers without a value are coded", async () => {
  const cases = [
    [{ key: null }, "EVENT_MISPLACED"],
    [{ value: null }, "EVENT_UNREADABLE"],
    [{ headers: [] }, "EVENT_TYPE_UNKNOWN"],
    [{ headers: [["ce_type", null]] }, "EVENT_TYPE_UNKNOWN"],
    [{ headers: [...headers.slice(0, 1), ["traceparent", null], ["ce_id", null]] }, undefined],
    [{ headers: [["ce_type", "__proto__"]] }, "EVENT_TYPE_UNKNOWN"],
    [{ headers: [["ce_type", "pavilion.constructor"]] }, "EVENT_TYPE_UNKNOWN"],
  ] as const;
  for (const [record, code] of cases) {
    const { inputs } = await one(record);
    assert.equal(faultOf(inputs[0]), code, JSON.stringify(record));
  }
});

test("a batch that cannot be read is one dead letter for all of its offsets, and answers nobody", async () => {
  const records = Array.from({ length: 5 }, (_, delta) => ({ delta }));
  const { emissions, position } = await taken({ first: 7, records, attributes: 5 });
  assert.deepEqual(
    emissions.map((ones) => ones.map(({ topic }) => topic)),
    [["dead-letter", "audit.events"]],
  );
  const letter = emissions.flat()[0]?.value as DeadLetter;
  assert.deepEqual([letter.code, letter.sourceOffset, letter.sourceLastOffset], ["RECORD_UNREADABLE", 7, 11]);
  assert.equal(position, 12n);
});

test("one record that cannot be read is a dead letter of its own, and those around it are handled", async () => {
  const good = { key, value: "v", headers };
  const records = [
    { delta: 0, ...good },
    { delta: 1, ...good, rest: Buffer.from("x") },
    { delta: 2, ...good },
  ];
  const { emissions, position } = await taken({ records });
  assert.deepEqual(
    emissions.map((ones) => ones[0]?.topic),
    ["audit.events", "dead-letter", "audit.events"],
  );
  const letter = emissions[1]?.[0]?.value as DeadLetter;
  assert.deepEqual([letter.sourceOffset, letter.sourceLastOffset, position], [1, null, 3n]);
});
