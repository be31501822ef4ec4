/**
 * Events to bytes and back: Avro in the Confluent wire format (magic byte 0, schema id, Avro binary), schemas from a
 * Confluent-compatible registry, and for topics that are declared sealed the framed bytes sealed to the region's key
 * inside a SealedEvent.
 */
import { COMPATIBILITY, SchemaRegistry, SchemaType } from "@kafkajs/confluent-schema-registry";
import type { RawAvroSchema } from "@kafkajs/confluent-schema-registry/dist/@types.js";
import type { EventName, EventTypes } from "../../schemas/avro/index.ts";
import { declarationOf, type TopicName } from "../../schemas/topics.ts";
import { PavilionError } from "../errors.ts";
import { eventNames, fullName, schemaText } from "./schemas.ts";

/** Seals bytes to the region's key; additional data binds them to their place. */
export interface Sealer {
  seal(plaintext: Uint8Array, place: string): Buffer;
  /** Throws where the bytes were not sealed by this region for this place. */
  open(envelope: Uint8Array, place: string): Buffer;
}

export interface Codec {
  encode<N extends EventName>(topic: TopicName, event: N, value: EventTypes[N]): Promise<Buffer>;
  /** Throws EVENT_UNREADABLE where the bytes are not that event as this topic carries it. */
  decode<N extends EventName>(topic: TopicName, event: N, bytes: Buffer): Promise<EventTypes[N]>;
  /** A dead letter, the one event outside the topic catalogue. */
  encodePlain<N extends EventName>(event: N, value: EventTypes[N]): Promise<Buffer>;
  decodePlain<N extends EventName>(event: N, bytes: Buffer): Promise<EventTypes[N]>;
}

/**
 * Registers every event's schema under its full name and hands out the codec. The registry refuses a schema that breaks
 * the compatibility it is set to. A party that reads no sealed topic needs no sealer.
 */
export async function openCodec(registryUrl: string, sealer?: Sealer): Promise<Codec> {
  const registry = new SchemaRegistry({
    host: registryUrl,
    retry: { retries: 8, initialRetryTimeInSecs: 0.1 },
  });
  const ids = new Map<EventName, number>();
  for (const event of eventNames()) {
    const schema = { type: SchemaType.AVRO as const, schema: schemaText(event) };
    const { id } = await registry.register(schema, {
      subject: fullName(event),
      compatibility: COMPATIBILITY.FULL_TRANSITIVE,
    });
    ids.set(event, id);
  }
  return codecOver(registry, ids, sealer);
}

function codecOver(registry: SchemaRegistry, ids: Map<EventName, number>, sealer: Sealer | undefined): Codec {
  const sealerOf = (topic: TopicName): Sealer | undefined => {
    if (declarationOf(topic).sealed !== true) return undefined;
    if (sealer === undefined) throw new Error(`topic ${topic} is sealed, and this party holds no key`);
    return sealer;
  };
  const placeOf = (topic: TopicName, event: EventName): string => `${topic}/${event}`;

  async function encodePlain<N extends EventName>(event: N, value: EventTypes[N]): Promise<Buffer> {
    const id = ids.get(event);
    if (id === undefined) throw new Error(`event ${event} has no schema`);
    return registry.encode(id, value);
  }

  async function decodePlain<N extends EventName>(event: N, bytes: Buffer): Promise<EventTypes[N]> {
    const writer = await writerOf(registry, event, bytes);
    // An older or newer writer is resolved to the schema this code was written for; its own needs no resolver.
    const readerSchema = JSON.parse(schemaText(event)) as RawAvroSchema;
    const options = writer === ids.get(event) ? {} : { [SchemaType.AVRO]: { readerSchema } };
    try {
      return plain(await registry.decode(bytes, options)) as EventTypes[N];
    } catch (error) {
      throw unreadable(event, error);
    }
  }

  return {
    encodePlain,
    decodePlain,
    async encode(topic, event, value) {
      const framed = await encodePlain(event, value);
      const seals = sealerOf(topic);
      if (seals === undefined) return framed;
      return encodePlain("SealedEvent", { event, envelope: seals.seal(framed, placeOf(topic, event)) });
    },
    async decode(topic, event, bytes) {
      const seals = sealerOf(topic);
      if (seals === undefined) return decodePlain(event, bytes);
      const sealed = await decodePlain("SealedEvent", bytes);
      let framed: Buffer;
      try {
        framed = seals.open(sealed.envelope, placeOf(topic, event));
      } catch (error) {
        throw unreadable(event, error);
      }
      return decodePlain(event, framed);
    },
  };
}

/** The writer's schema must be some version of this very event; another event's bytes may decode by chance. */
async function writerOf(registry: SchemaRegistry, event: EventName, bytes: Buffer): Promise<number> {
  if (bytes.length < 5 || bytes[0] !== 0) throw unreadable(event);
  const id = bytes.readInt32BE(1);
  let name: string | undefined;
  try {
    const schema = await registry.getSchema(id);
    name = "name" in schema && typeof schema.name === "string" ? schema.name : undefined;
  } catch (error) {
    // A registry that does not know the id says 404; one that is away is another matter, and is tried again.
    if (statusOf(error) === 404) throw unreadable(event, error);
    throw error;
  }
  if (name !== fullName(event)) throw unreadable(event);
  return id;
}

const statusOf = (error: unknown): unknown =>
  typeof error === "object" && error !== null && "status" in error ? error.status : undefined;

const unreadable = (event: EventName, cause?: unknown): PavilionError =>
  new PavilionError("EVENT_UNREADABLE", `The record is no readable ${event}.`, undefined, { cause });

/** avsc's records are instances of classes of its own; stages get plain values, on Kafka as in memory. */
function plain(value: unknown): unknown {
  if (Array.isArray(value)) return value.map(plain);
  if (value === null || typeof value !== "object" || Buffer.isBuffer(value)) return value;
  return Object.fromEntries(Object.entries(value).map(([name, member]) => [name, plain(member)]));
}
