/**
 * A record as it was decoded from a fetch.
 */
import type { KafkaMessage } from "kafkajs";
import type { ErrorCode } from "../../../errors/errors.ts";

/** By name; the first where one stands more than once. Names that come from outside are keys of a map, never members. */
export type Headers = ReadonlyMap<string, Buffer>;

export interface KafkaRecord {
  /** A whole number, as text. Of a batch that could not be read it is the last one of the batch. */
  readonly offset: string;
  /** Milliseconds since the epoch, as text; always a date. */
  readonly timestamp: string;
  readonly key: Buffer | null;
  /** Of what could not be read: its bytes as they came. */
  readonly value: Buffer | null;
  /** At most `headersMax` of them. */
  readonly headers: Headers;
  /** How many headers there are, and the bytes of their names and values. */
  readonly headerCount: number;
  readonly headerBytes: number;
  /** Why there is nothing to read here. */
  readonly fault?: RecordFault;
}

export interface RecordFault {
  readonly code: Extract<ErrorCode, "RECORD_UNREADABLE" | "RECORD_TOO_LARGE">;
  readonly detail: string;
  /** The first offset that it stands for, where it is a whole batch. */
  readonly firstOffset?: bigint;
}

/** kafkajs passes on what our decoder made, under its own type. */
export const decoded = (message: KafkaMessage): KafkaRecord => message as unknown as KafkaRecord;

export const noHeaders: Headers = new Map();

/** What a record holds in memory, in bytes. */
export const bytesOf = ({ key, value, headerBytes }: KafkaRecord): number =>
  (key?.length ?? 0) + (value?.length ?? 0) + headerBytes;
