/**
 * A record as Kafka gave it, and the input that a stage's task makes of it. What others than stages wrote is held to its
 * bounds before anything else looks at it.
 */
import { isUtf8 } from "node:buffer";
import { createHash, randomBytes } from "node:crypto";
import { isOutside, type TopicName, type Topics } from "../../schemas/topics.ts";
import type { Codec } from "../registry/codec.ts";
import type { Stage } from "../contract/stage.ts";
import type { Input } from "../task.ts";
import { eventTypeOf, headerText, newTraceparent, traceparentOr } from "./cloudevents.ts";
import { findEvent } from "./events.ts";
import { partitionOf } from "./partitioner.ts";
import { headerBytesMax, headersMax, idBytesMax, keyBytesMax, outsideBytesMax } from "./wire/bounds.ts";
import { noHeaders, type KafkaRecord, type RecordFault } from "./wire/record.ts";

/** A fetched record of an input topic. */
export interface FetchedRecord {
  readonly topic: TopicName;
  /** Whose topic, where each has one of its own. */
  readonly owner?: string;
  readonly address: string;
  readonly message: KafkaRecord;
}

export interface Reading {
  readonly stage: Pick<Stage, "inputs">;
  readonly partition: number;
  /** The region's partition count. */
  readonly partitions: number;
  readonly codec: Codec;
}

/** The input of a record. Throws only where the registry is away: an unreadable value is an input with a fault. */
export async function readInput(record: FetchedRecord, reading: Reading): Promise<Input> {
  const { topic, owner, address, message } = record;
  const { topics } = reading.codec;
  const fault = message.fault ?? excessOf(record, topics);
  const headers = fault === undefined ? message.headers : noHeaders;
  const eventType = eventTypeOf(headers);
  return {
    topic,
    ...(owner === undefined ? {} : { owner }),
    address,
    offset: BigInt(message.offset),
    ...(message.fault?.firstOffset === undefined ? {} : { firstOffset: message.fault.firstOffset }),
    key: keyOf(record, topics),
    rawKey: message.key ?? Buffer.alloc(0),
    time: Number(message.timestamp),
    id: headerText(headers, "ce_id"),
    source: headerText(headers, "ce_source"),
    traceparent: traceparentOr(headers, () => newTraceparent(randomBytes(24))),
    ...(eventType === undefined ? {} : { eventType }),
    raw: message.value ?? Buffer.alloc(0),
    content:
      fault === undefined ? await contentOf(record, reading) : { fault: fault.code, detail: fault.detail },
  };
}

/**
 * What the record's key is called from here on, in whatever is said of the record. An outsider's is itself where it is short
 * and text, else a hash of it: none is repeated whole.
 */
function keyOf({ topic, message: { key } }: FetchedRecord, topics: Topics): string {
  if (key === null) return "";
  const isNamed = !isOutside(topics.of(topic)) || (key.length <= keyBytesMax && isUtf8(key));
  return isNamed ? key.toString() : `sha256:${createHash("sha256").update(key).digest("hex")}`;
}

/** What of an outsider's record is larger than it may be. */
function excessOf({ topic, message }: FetchedRecord, topics: Topics): RecordFault | undefined {
  if (!isOutside(topics.of(topic))) return undefined;
  const { key, value, headers, headerCount, headerBytes } = message;
  const excess = [
    { part: "key", size: key?.length ?? 0, most: keyBytesMax, unit: "bytes" },
    { part: "value", size: value?.length ?? 0, most: outsideBytesMax, unit: "bytes" },
    { part: "list of headers", size: headerCount, most: headersMax, unit: "headers" },
    { part: "list of headers", size: headerBytes, most: headerBytesMax, unit: "bytes" },
    ...["ce_id", "ce_source"].map((name) => {
      return { part: name, size: headers.get(name)?.length ?? 0, most: idBytesMax, unit: "bytes" };
    }),
  ].find(({ size, most }) => size > most);
  if (excess === undefined) return undefined;
  const { part, most, unit } = excess;
  return { code: "RECORD_TOO_LARGE", detail: `The record's ${part} has more than ${String(most)} ${unit}.` };
}

async function contentOf({ topic, message }: FetchedRecord, reading: Reading): Promise<Input["content"]> {
  const { codec, stage } = reading;
  const wanted = stage.inputs.find((input) => input.topic === topic)?.types ?? [];
  const found = await findEvent(codec, topic, wanted, message);
  const isMisplaced =
    "value" in found && isOutside(codec.topics.of(topic)) && !liesByItsKey(message, reading);
  if (!isMisplaced) return found;
  return { fault: "EVENT_MISPLACED", detail: "The record does not lie in the partition of its key." };
}

const liesByItsKey = ({ key }: KafkaRecord, { partition, partitions }: Reading): boolean =>
  key !== null && partitionOf(key, partitions) === partition;
