/**
 * Events to bytes and back: Avro in the Confluent wire format (magic byte 0, schema id, Avro binary), schemas from a
 * Confluent-compatible registry, and for topics that are declared sealed the framed bytes sealed to the region's key
 * inside a SealedEvent.
 */
import { COMPATIBILITY, SchemaRegistry, SchemaType } from "@kafkajs/confluent-schema-registry";
import type { RawAvroSchema } from "@kafkajs/confluent-schema-registry/dist/@types.js";
import avsc from "avsc";
import type { EventName, EventTypes } from "../../schemas/avro/index.ts";
import type { TopicName, Topics } from "../../schemas/topics.ts";
import { PavilionError } from "../../errors/errors.ts";
import { spareLoopback } from "../loopback.ts";
import { requireWithinBounds } from "../../schemas/reading/avro-bounds.ts";
import { fullName, schemaText } from "../../schemas/reading/avro-schemas.ts";
import { SubjectVersions } from "./subject-versions.ts";

/** Events that cross topics without being declared for them: in the dead letters, and in place of what is sealed. */
const undeclared = ["DeadLetter", "Redrive", "SealedEvent"] as const;

/** Magic byte and schema id. */
const frameLength = 5;

/** Seals bytes to the region's key; additional data binds them to their place. */
export interface Sealer {
  seal(plaintext: Uint8Array, place: string): Buffer;
  /** Throws where the bytes were not sealed by this region for this place. */
  open(envelope: Uint8Array, place: string): Buffer;
}

export interface Codec {
  /** The topics whose events it knows. */
  readonly topics: Topics;
  encode<N extends EventName>(topic: TopicName, event: N, value: EventTypes[N]): Promise<Buffer>;
  /**
   * Throws EVENT_UNREADABLE where the bytes are not that event as this topic carries it, by a schema that is registered
   * under the event's own subject; a plain error where the registry has to be asked and does not answer.
   */
  decode<N extends EventName>(topic: TopicName, event: N, bytes: Buffer): Promise<EventTypes[N]>;
  /** A dead letter and what is said of it: events of topics that every stage has, outside the declarations. */
  encodePlain<N extends EventName>(event: N, value: EventTypes[N]): Promise<Buffer>;
  decodePlain<N extends EventName>(event: N, bytes: Buffer): Promise<EventTypes[N]>;
}

/**
 * Registers the schemas of the topics' events under their full names and hands out the codec. The registry refuses a schema
 * that breaks the compatibility it is set to. A party that reads no sealed topic needs no sealer.
 */
export async function openCodec(registryUrl: string, topics: Topics, sealer?: Sealer): Promise<Codec> {
  spareLoopback();
  const registry = new SchemaRegistry({
    host: registryUrl,
    retry: { retries: 8, initialRetryTimeInSecs: 0.1 },
  });
  const own = new Map<EventName, OwnSchema>();
  for (const event of new Set([...topics.events, ...undeclared])) {
    const schema = { type: SchemaType.AVRO as const, schema: schemaText(event) };
    const options = { subject: fullName(event), compatibility: COMPATIBILITY.FULL_TRANSITIVE };
    const { id } = await registry.register(schema, options).catch(unregistered);
    own.set(event, { id, versions: new SubjectVersions(registryUrl, fullName(event), id) });
  }
  return codecOver(registry, { topics, own, sealer });
}

/** The client gives a registry that cannot be reached the status 400, and quotes its address. */
function unregistered(error: unknown): never {
  const isAway = error instanceof Error && /ECONNREFUSED|ENOTFOUND|ECONNRESET|ETIMEDOUT/.test(error.message);
  if (isAway || Number(statusOf(error)) >= 500)
    throw new PavilionError("REGISTRY_UNAVAILABLE", "The schema registry does not answer.", undefined, {
      cause: error,
    });
  throw error;
}

/** The schema of an event that this code was written for, and all others under the event's subject. */
interface OwnSchema {
  readonly id: number;
  readonly versions: SubjectVersions;
}

interface Known {
  readonly topics: Topics;
  readonly own: ReadonlyMap<EventName, OwnSchema>;
  readonly sealer: Sealer | undefined;
}

function codecOver(registry: SchemaRegistry, { topics, own, sealer }: Known): Codec {
  const writers = new Map<number, object>();
  const sealerOf = (topic: TopicName): Sealer | undefined => {
    if (topics.of(topic).sealed !== true) return undefined;
    if (sealer === undefined) throw new Error(`topic ${topic} is sealed, and this party holds no key`);
    return sealer;
  };
  const placeOf = (topic: TopicName, event: EventName): string => `${topic}/${event}`;

  function ownOf(event: EventName): OwnSchema {
    const schema = own.get(event);
    if (schema === undefined) throw new Error(`event ${event} has no schema`);
    return schema;
  }

  async function encodePlain<N extends EventName>(event: N, value: EventTypes[N]): Promise<Buffer> {
    return registry.encode(ownOf(event).id, value);
  }

  /** The schema with an id, which one object stands for from then on. */
  async function writerOf(event: EventName, id: number): Promise<object> {
    const writer = writers.get(id) ?? (await fetchWriter(registry, event, id));
    writers.set(id, writer);
    return writer;
  }

  async function decodePlain<N extends EventName>(event: N, bytes: Buffer): Promise<EventTypes[N]> {
    if (bytes.length < frameLength || bytes[0] !== 0) throw unreadable(event);
    const id = bytes.readInt32BE(1);
    const { id: ownId, versions } = ownOf(event);
    if (!(await versions.has(id))) throw unreadable(event);
    const writer = await writerOf(event, id);
    // An older or newer writer is resolved to the schema this code was written for; its own needs no resolver.
    const options = id === ownId ? {} : { [SchemaType.AVRO]: { readerSchema: readerSchemaOf(event) } };
    try {
      requireWithinBounds(writer, bytes.subarray(frameLength));
      return plain(await registry.decode(bytes, options)) as EventTypes[N];
    } catch (error) {
      throw unreadable(event, error);
    }
  }

  return {
    topics,
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

/** The parsed schema with an id, as the decoder understands it. */
async function fetchWriter(registry: SchemaRegistry, event: EventName, id: number): Promise<object> {
  let type: unknown;
  try {
    type = await registry.getSchema(id);
  } catch (error) {
    // A registry that is away is another matter than a schema that it does not have or that is none, and is tried again.
    const status = statusOf(error);
    if (status === 404 || status === undefined) throw unreadable(event, error);
    throw error;
  }
  if (!(type instanceof avsc.Type)) throw unreadable(event);
  return type.schema() as object;
}

const readerSchemaOf = (event: EventName): RawAvroSchema => JSON.parse(schemaText(event)) as RawAvroSchema;

const statusOf = (error: unknown): unknown =>
  typeof error === "object" && error !== null && "status" in error ? error.status : undefined;

const unreadable = (event: EventName, cause?: unknown): PavilionError =>
  new PavilionError("EVENT_UNREADABLE", `The record cannot be read as ${event}.`, undefined, { cause });

/** avsc's records are instances of classes of its own; stages get plain values, on Kafka as in memory. */
export function plain(value: unknown): unknown {
  if (Array.isArray(value)) return value.map(plain);
  if (value === null || typeof value !== "object" || Buffer.isBuffer(value)) return value;
  return Object.fromEntries(Object.entries(value).map(([name, member]) => [name, plain(member)]));
}
