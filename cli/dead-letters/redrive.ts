/**
 * Puts a letter's original back on its topic and partition, under a fresh event id: to the stage it is a new input.
 *
 * Promises: the original, the mark beside the letter and the audit event are one transaction, so that a letter is
 * redriven once, whatever ends a redrive early and however many run: a later one fences the earlier one before it reads
 * what is marked. The original is opened in memory and shown to nobody.
 */
import { randomUUID } from "node:crypto";
import type { Kafka } from "kafkajs";
import type { ChangelogKeys } from "../../runtime/kafka/changelog.ts";
import { headersOf, type EventAttributes } from "../../runtime/kafka/cloudevents.ts";
import type { AddressedRecord } from "../../runtime/kafka/emitted-record.ts";
import { freshTraceparent } from "../../runtime/kafka/publisher.ts";
import { Transactor } from "../../runtime/kafka/transactor.ts";
import type { Codec } from "../../runtime/registry/codec.ts";
import { eventOf, fullName } from "../../schemas/reading/avro-schemas.ts";
import type { AuditEvent, EventName } from "../../schemas/avro/index.ts";
import { deadLetterTopic, topicFor } from "../../schemas/topics.ts";
import type { Letter } from "./letters.ts";

/** Why a letter cannot be redriven. */
export type Hindrance = "redriven already" | "only its start was kept" | "no known event";

export interface Redriver {
  /** Undefined where it is done. */
  readonly redrive: (letter: Letter) => Promise<Hindrance | undefined>;
  readonly close: () => Promise<void>;
}

export function hindranceOf(letter: Letter): Hindrance | undefined {
  if (letter.redriven) return "redriven already";
  if (letter.truncated) return "only its start was kept";
  return typeOf(letter) === undefined ? "no known event" : undefined;
}

const typeOf = ({ eventType }: Letter): EventName | undefined =>
  eventType === null ? undefined : eventOf(fullName(eventType as EventName));

/** From here on an earlier redriver of the region writes nothing any more; letters are to be read after it. */
export async function openRedriver(
  kafka: Kafka,
  codec: Codec,
  keys: ChangelogKeys,
  region: string,
): Promise<Redriver> {
  const id = `${region}.dead-letters`;
  const transactor = await Transactor.open(kafka, id);
  try {
    await transactor.commit([]);
  } catch (error) {
    await transactor.discard();
    throw error;
  }
  return {
    async redrive(letter) {
      const type = typeOf(letter);
      const hindrance = hindranceOf(letter);
      if (type === undefined || hindrance !== undefined) return hindrance;
      await transactor.commit(await recordsOf(letter, type, { codec, keys, region }));
      return undefined;
    },
    close: () => transactor.discard(),
  };
}

async function recordsOf(
  letter: Letter,
  type: EventName,
  { codec, keys, region }: { codec: Codec; keys: ChangelogKeys; region: string },
): Promise<AddressedRecord[]> {
  const topic = deadLetterTopic(region, letter.stage);
  const [eventId, key] = [randomUUID(), letter.key.toString()];
  const stamp = (id: string, event: EventName): EventAttributes => ({
    ...{ id, type: event, source: `/${region}/operator`, time: Date.now(), subject: key },
    traceparent: letter.traceparent ?? freshTraceparent(),
  });
  const mark = { letter: Number(letter.offset), eventId };
  const audit: AuditEvent = {
    ...{ tenant: region, region, stage: letter.stage, action: "dead-letter.redriven" },
    ...{ requestId: null, requestDigest: null, code: letter.code },
    details: { letter: letter.name, eventId },
  };
  return [
    {
      address: letter.sourceTopic,
      message: {
        key: letter.key,
        value: keys.open(letter.sealed, topic),
        headers: headersOf(stamp(eventId, type)),
        partition: letter.sourcePartition,
      },
    },
    {
      address: topic,
      message: {
        key: letter.key,
        value: await codec.encodePlain("Redrive", mark),
        headers: headersOf(stamp(randomUUID(), "Redrive")),
      },
    },
    {
      address: topicFor(region, "audit.events"),
      message: {
        key: region,
        value: await codec.encode("audit.events", "AuditEvent", audit),
        headers: headersOf(stamp(randomUUID(), "AuditEvent")),
      },
    },
  ];
}
