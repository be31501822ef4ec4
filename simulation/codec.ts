/**
 * Events to bytes and back by Avro, without a registry: each event has the one schema of this code. Nothing is sealed,
 * since nobody else reads what a simulation writes.
 */
import avsc from "avsc";
import type { Schema } from "avsc";
import { PavilionError } from "../errors/errors.ts";
import type { Codec } from "../runtime/registry/codec.ts";
import { plain } from "../runtime/registry/codec.ts";
import { schemaText } from "../schemas/reading/avro-schemas.ts";
import type { EventName, EventTypes } from "../schemas/avro/index.ts";
import type { Topics } from "../schemas/topics.ts";

const types = new Map<EventName, avsc.Type>();

function typeOf(event: EventName): avsc.Type {
  const type = types.get(event) ?? avsc.Type.forSchema(JSON.parse(schemaText(event)) as Schema);
  types.set(event, type);
  return type;
}

export const encode = <N extends EventName>(event: N, value: EventTypes[N]): Buffer =>
  typeOf(event).toBuffer(value);

export const decode = <N extends EventName>(event: N, bytes: Buffer): EventTypes[N] =>
  plain(typeOf(event).fromBuffer(bytes)) as EventTypes[N];

export const simulatedCodec = (topics: Topics): Codec => ({
  topics,
  encode: (_, event, value) => Promise.resolve(encode(event, value)),
  decode: (_, event, bytes) => Promise.resolve(readable(event, bytes)),
  encodePlain: (event, value) => Promise.resolve(encode(event, value)),
  decodePlain: (event, bytes) => Promise.resolve(decode(event, bytes)),
});

/** What is no such event is told as the real codec tells it. */
function readable<N extends EventName>(event: N, bytes: Buffer): EventTypes[N] {
  try {
    return decode(event, bytes);
  } catch (cause) {
    throw new PavilionError("EVENT_UNREADABLE", "The record is no such event.", undefined, { cause });
  }
}
