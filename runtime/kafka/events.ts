/**
 * Events as parties and tables read them. One answer to every record that is not what it should be, whoever reads: it is
 * passed over and told, and the reading goes on. A registry that is away is no fault of the record: that ends the reading.
 */
import { randomUUID } from "node:crypto";
import type { Kafka } from "kafkajs";
import { type ErrorCode, PavilionError } from "../../errors/errors.ts";
import type { EventName, EventTypes } from "../../schemas/avro/index.ts";
import { topicFor, type OwnerOn, type TopicName } from "../../schemas/topics.ts";
import type { Log } from "../log.ts";
import type { Codec } from "../registry/codec.ts";
import { eventTypeOf } from "./cloudevents.ts";
import { openReader, readWhole, type Reader, type ReaderPlan } from "./reader.ts";
import type { Headers, KafkaRecord } from "./wire/record.ts";

/** An event's type with its value. */
export type TypedEvent<N extends EventName = EventName> = {
  [K in N]: { readonly type: K; readonly value: EventTypes[K] };
}[N];

/** What a record is to one who wants events of some types. */
export type Found<N extends EventName> =
  TypedEvent<N> | { readonly skipped: true } | { readonly fault: ErrorCode; readonly detail: string };

/**
 * Looks at a record of a topic for an event of the wanted types. Another type that the topic carries is skipped, and so is
 * what deletes a table's entry. Throws only where the registry is away.
 */
export async function findEvent<N extends EventName>(
  codec: Codec,
  topic: TopicName,
  wanted: readonly N[],
  record: Pick<KafkaRecord, "fault" | "headers" | "value">,
): Promise<Found<N>> {
  if (record.fault !== undefined) return { fault: record.fault.code, detail: record.fault.detail };
  const { events, compacted } = codec.topics.of(topic);
  if (record.value === null && compacted === true) return { skipped: true };
  const type = eventTypeOf(record.headers);
  if (type === undefined || !events.includes(type)) {
    return { fault: "EVENT_TYPE_UNKNOWN", detail: "The record's ce_type is not one that its topic carries." };
  }
  if (!isAmong(wanted, type)) return { skipped: true };
  try {
    const value = await codec.decode(topic, type, record.value ?? Buffer.alloc(0));
    return { type, value } as TypedEvent<N>;
  } catch (error) {
    if (error instanceof PavilionError && error.code === "EVENT_UNREADABLE")
      return { fault: error.code, detail: error.message };
    throw error;
  }
}

const isAmong = <N extends EventName>(wanted: readonly N[], type: EventName): type is N =>
  (wanted as readonly EventName[]).includes(type);

/** Where one reads, with what, and as whom. */
export interface Source {
  readonly kafka: Kafka;
  readonly codec: Codec;
  readonly region: string;
  /** What the names of the reader's consumer groups begin with: those are the ones that it may use. */
  readonly groups: string;
  readonly log: Log;
}

export type EventPlan<T extends TopicName, N extends EventName> = OwnerOn<T> & {
  readonly topic: T;
  readonly types: readonly N[];
  readonly from: ReaderPlan["from"];
  /** What it throws with a code says that the event does not hold, and is told like a record that cannot be read. */
  readonly take: (event: TypedEvent<N> & Place) => void | Promise<void>;
  /** Told of every record that is passed over; the log is where this is left out. */
  readonly passOver?: (why: PavilionError) => void;
};

/** What else a reader may want to know of an event. */
interface Place {
  readonly key: string;
  /** The broker's timestamp in milliseconds. */
  readonly time: number;
  readonly headers: Headers;
}

/** Follows a topic's events. `fail` is told once, when Kafka or the registry is lost for good. */
export const followEvents = <T extends TopicName, N extends EventName>(
  source: Source,
  plan: EventPlan<T, N>,
  fail: ReaderPlan["fail"],
): Promise<Reader> => openReader(source.kafka, { ...readingOf(source, plan), fail });

/** Reads the events that stand on a topic now, and no more. Rejects where Kafka or the registry is lost. */
export const readEvents = <T extends TopicName, N extends EventName>(
  source: Source,
  plan: EventPlan<T, N>,
): Promise<void> => readWhole(source.kafka, readingOf(source, plan));

function readingOf<T extends TopicName, N extends EventName>(
  { codec, region, groups, log }: Source,
  { topic, owner, types, from, take, passOver }: EventPlan<T, N>,
): Omit<ReaderPlan, "fail"> {
  const tell =
    passOver ??
    ((error: PavilionError): void => {
      log.warn({ topic, error }, "an event is passed over");
    });
  return {
    topic: topicFor(region, topic, owner),
    group: `${groups}.${randomUUID()}`,
    from,
    async handle(record) {
      const found = await findEvent(codec, topic, types, record);
      if ("skipped" in found) return;
      if ("fault" in found) {
        tell(new PavilionError(found.fault, found.detail));
        return;
      }
      const { key, timestamp, headers } = record;
      try {
        await take({ ...found, key: key?.toString() ?? "", time: Number(timestamp), headers });
      } catch (error) {
        if (!(error instanceof PavilionError)) throw error;
        tell(error);
      }
    },
  };
}
