/**
 * A record as Kafka gave it, and the input that a stage's task makes of it.
 */
import { randomBytes } from "node:crypto";
import type { KafkaMessage } from "kafkajs";
import type { EventName } from "../../schemas/avro/index.ts";
import { declarationOf, type TopicName } from "../../schemas/topics.ts";
import { PavilionError } from "../errors.ts";
import type { Codec } from "../registry/codec.ts";
import type { Stage } from "../stage.ts";
import type { Input } from "../task.ts";
import { eventTypeOf, headerText, newTraceparent, traceparentOr } from "./cloudevents.ts";
import { partitionOf } from "./partitioner.ts";

/** A fetched record of an input topic. */
export interface FetchedRecord {
  readonly topic: TopicName;
  readonly provider?: string;
  readonly address: string;
  readonly message: KafkaMessage;
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
  const { topic, provider, address, message } = record;
  const { headers } = message;
  const eventType = eventTypeOf(headers);
  return {
    topic,
    ...(provider === undefined ? {} : { provider }),
    address,
    offset: BigInt(message.offset),
    key: message.key?.toString() ?? "",
    time: Number(message.timestamp),
    id: headerText(headers, "ce_id"),
    source: headerText(headers, "ce_source"),
    traceparent: traceparentOr(headers, () => newTraceparent(randomBytes(24))),
    ...(eventType === undefined ? {} : { eventType }),
    raw: message.value ?? Buffer.alloc(0),
    content: await contentOf(record, reading),
  };
}

async function contentOf({ topic, message }: FetchedRecord, reading: Reading): Promise<Input["content"]> {
  const type = eventTypeOf(message.headers);
  const declaration = declarationOf(topic);
  if (type === undefined || !declaration.events.includes(type)) {
    return { fault: "EVENT_TYPE_UNKNOWN", detail: "The record's ce_type is not one that its topic carries." };
  }
  const declared = reading.stage.inputs.find((input) => input.topic === topic);
  if (declared?.types.includes(type) !== true) return { skipped: true };
  if (declaration.outside === true && !liesByItsKey(message, reading)) {
    return { fault: "EVENT_MISPLACED", detail: "The record does not lie in the partition of its key." };
  }
  return decode(topic, type, message.value ?? Buffer.alloc(0), reading.codec);
}

const liesByItsKey = ({ key }: KafkaMessage, { partition, partitions }: Reading): boolean =>
  key !== null && partitionOf(key, partitions) === partition;

async function decode(
  topic: TopicName,
  type: EventName,
  raw: Buffer,
  codec: Codec,
): Promise<Input["content"]> {
  try {
    return { type, value: await codec.decode(topic, type, raw) };
  } catch (error) {
    if (error instanceof PavilionError && error.code === "EVENT_UNREADABLE") {
      return { fault: error.code, detail: error.message };
    }
    throw error;
  }
}
