/**
 * CloudEvents 1.0, Kafka protocol binding 1.0.3, binary mode: attributes in `ce_` headers, and W3C `traceparent`.
 */
import type { IHeaders } from "kafkajs";
import type { EventName } from "../../schemas/avro/index.ts";
import { eventOf, fullName } from "../../schemas/reading/avro-schemas.ts";
import type { Headers } from "./wire/record.ts";

export interface EventAttributes {
  readonly id: string;
  readonly type: EventName;
  /** URI reference of the producer, `/<region>/<stage>` or `/provider/<id>`. */
  readonly source: string;
  /** Milliseconds since the epoch; the producer's clock. Stages go by the broker's timestamp instead. */
  readonly time: number;
  readonly subject: string;
  readonly traceparent: string;
}

export function headersOf(attributes: EventAttributes): IHeaders {
  return {
    ce_specversion: "1.0",
    ce_id: attributes.id,
    ce_type: fullName(attributes.type),
    ce_source: attributes.source,
    ce_time: new Date(attributes.time).toISOString(),
    ce_subject: attributes.subject,
    "content-type": "application/vnd.confluent.avro",
    traceparent: attributes.traceparent,
  };
}

/** One header as text; empty where it is missing. */
export const headerText = (headers: Headers, name: string): string => headers.get(name)?.toString() ?? "";

/** The event type of a record, or undefined where the header is missing or names none. */
export const eventTypeOf = (headers: Headers): EventName | undefined =>
  eventOf(headerText(headers, "ce_type"));

/** W3C Trace Context, from 24 random bytes: version 00, trace id, span id, sampled. */
export function newTraceparent(random: Uint8Array): string {
  const hex = Buffer.from(random).toString("hex");
  return `00-${hex.slice(0, 32)}-${hex.slice(32, 48)}-01`;
}

/** The header where it is well formed, else a fresh one: nothing else of an outsider's header is passed on. */
export function traceparentOr(headers: Headers, fresh: () => string): string {
  const text = headerText(headers, "traceparent");
  return /^00-[0-9a-f]{32}-[0-9a-f]{16}-[0-9a-f]{2}$/.test(text) ? text : fresh();
}
