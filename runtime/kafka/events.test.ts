/** What a record is to who wants some of a topic's events. */
import assert from "node:assert/strict";
import { test } from "node:test";
import { topics } from "../../pipelines/pipelines.ts";
import type { EventName } from "../../schemas/avro/index.ts";
import type { TopicName } from "../../schemas/topics.ts";
import { PavilionError } from "../../errors/errors.ts";
import type { Codec } from "../registry/codec.ts";
import { findEvent } from "./events.ts";
import type { KafkaRecord } from "./wire/record.ts";

const away = new Error("the registry is away");

/** Reads events as JSON; what is none cannot be read, and of "away" nobody knows. */
const codec = {
  topics,
  decode(_topic: string, event: string, bytes: Buffer) {
    if (bytes.toString() === "away") return Promise.reject(away);
    try {
      return Promise.resolve(JSON.parse(bytes.toString()) as unknown);
    } catch {
      return Promise.reject(new PavilionError("EVENT_UNREADABLE", `The record cannot be read as ${event}.`));
    }
  },
} as unknown as Codec;

const recordOf = (
  type: string | undefined,
  value: string | null,
): Pick<KafkaRecord, "headers" | "value"> => ({
  headers: new Map(type === undefined ? [] : [["ce_type", Buffer.from(type)]]),
  value: value === null ? null : Buffer.from(value),
});

const find = (topic: TopicName, wanted: readonly EventName[], record: Parameters<typeof findEvent>[3]) =>
  findEvent(codec, topic, wanted, record);

const answers = "oprf.evaluated.<provider>";

test("an event of a wanted type is handed over with its type", async () => {
  const found = await find(answers, ["EpochKey", "EvaluatedBatch"], recordOf("pavilion.EpochKey", "{}"));
  assert.deepEqual(found, { type: "EpochKey", value: {} });
});

test("another type that the topic carries is skipped, unread", async () => {
  const found = await find(answers, ["EpochKey"], recordOf("pavilion.EvaluatedBatch", "no JSON"));
  assert.deepEqual(found, { skipped: true });
});

test("a type that the topic does not carry is a fault, and so is none", async () => {
  for (const type of ["pavilion.Tick", "constructor", undefined]) {
    const found = await find(answers, ["EpochKey"], recordOf(type, "{}"));
    assert.equal("fault" in found && found.fault, "EVENT_TYPE_UNKNOWN");
  }
});

test("what cannot be read is a fault that says as what", async () => {
  const found = await find(answers, ["EpochKey"], recordOf("pavilion.EpochKey", "no JSON"));
  assert.deepEqual(found, { fault: "EVENT_UNREADABLE", detail: "The record cannot be read as EpochKey." });
});

test("no value deletes a table's entry, and is a fault on any other topic", async () => {
  const deleted = await find("config.brokers", ["BrokerEntry"], recordOf("pavilion.BrokerEntry", null));
  assert.deepEqual(deleted, { skipped: true });
  const empty = await find("audit.events", ["AuditEvent"], recordOf("pavilion.AuditEvent", null));
  assert.equal("fault" in empty && empty.fault, "EVENT_UNREADABLE");
});

test("a batch that could not be decoded is the fault that it came with", async () => {
  const fault = { code: "RECORD_UNREADABLE", detail: "damaged" } as const;
  const found = await find(answers, ["EpochKey"], { ...recordOf(undefined, "bytes"), fault });
  assert.deepEqual(found, { fault: "RECORD_UNREADABLE", detail: "damaged" });
});

test("a registry that is away is no fault of the record", async () => {
  await assert.rejects(find(answers, ["EpochKey"], recordOf("pavilion.EpochKey", "away")), away);
});
