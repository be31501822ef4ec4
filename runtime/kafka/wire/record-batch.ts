/**
 * Record batches as a fetch brings them (Kafka's documentation, "Message Format": record batch, magic 2), decoded within
 * bounds.
 *
 * Promises, whatever a client put into a batch: time and memory in proportion to its bytes, inflated ones within
 * `batchBytesMax`; a batch is read whole, or is one record with a fault at its last offset; a record that is sound in its
 * place but not in itself is such a one alone; and the last offset of each batch is among the records, so that a reader goes
 * on behind it. Does not: look into keys and values, or hide what was aborted (see ../read-committed.ts).
 *
 * kafkajs's own decoder throws on a codec that it lacks, inflates without a bound, copies a record's headers for each of
 * them, checks no CRC, and stands still before a batch that compaction emptied.
 */
import { PavilionError } from "../../../errors/errors.ts";
import { crc32c } from "../crc32c.ts";
import { batchBytesMax, batchRecordsMax, headersMax, inflateOverhead, recordOverhead } from "./bounds.ts";
import { inflate } from "./compression.ts";
import { tooLarge, unreadable } from "./inflated.ts";
import { noHeaders, type Headers, type KafkaRecord, type RecordFault } from "./record.ts";

/** What kafkajs's consumer looks at besides. */
export interface DecodedRecord extends KafkaRecord {
  /** True for what no handler sees; its offset counts. */
  isControlRecord: boolean;
  readonly batchContext: { readonly producerId: string; readonly inTransaction: boolean };
}

/** What may still be unfolded, in bytes. */
export interface Allowance {
  left: number;
}

/** Where each thing stands in a batch. */
const at = {
  length: 8,
  magic: 16,
  crc: 17,
  attributes: 21,
  lastOffsetDelta: 23,
  firstTimestamp: 27,
  maxTimestamp: 35,
  producerId: 43,
  count: 57,
  records: 61,
} as const;
const frameLength = 12;
const magic = 2;
const flags = { codec: 0x07, appendTime: 0x08, transactional: 0x10, control: 0x20 } as const;

/** No shorter record says anything: seven numbers of a byte each. */
const recordLengthLeast = 7;
const dateMax = 8.64e15;

/**
 * The records of a partition's share of a fetch, which was asked from an offset on and whose log ends before `end`, batch by
 * batch. What is beyond the allowance, and a batch that arrived in part behind others, is left to the next fetch.
 */
export function* decodeBatches(
  bytes: Buffer,
  { from, end }: { readonly from: bigint; readonly end: bigint },
  allowance: Allowance,
): Generator<DecodedRecord[], void> {
  for (let start = 0; start < bytes.length && allowance.left > 0;) {
    const next = nextAfter(bytes, start);
    if (next === undefined) {
      // Kafka sends the first batch whole. What does not begin with one cannot be told from what follows it.
      if (start === 0) yield [faultAt(from, bytes, unreadable("The bytes are not a record batch."))];
      return;
    }
    const behind = next + 8 <= bytes.length ? bytes.readBigInt64BE(next) : end;
    yield decodeBatch(bytes.subarray(start, next), { from, end: behind }, allowance);
    start = next;
  }
}

/** Where the batch that starts here ends; undefined where there is none, or only its beginning. */
function nextAfter(bytes: Buffer, start: number): number | undefined {
  if (start + frameLength > bytes.length) return undefined;
  const length = bytes.readInt32BE(start + at.length);
  const next = start + frameLength + length;
  return length > at.magic - frameLength && next <= bytes.length ? next : undefined;
}

function decodeBatch(
  batch: Buffer,
  { from, end }: { readonly from: bigint; readonly end: bigint },
  allowance: Allowance,
): DecodedRecord[] {
  const first = batch.readBigInt64BE(0);
  const isKnown = batch[at.magic] === magic && batch.length >= at.records;
  const delta = isKnown ? Math.max(0, batch.readInt32BE(at.lastOffsetDelta)) : 0;
  // Of a damaged batch its number of offsets may be damaged, too.
  const last = least(first + BigInt(delta), end > first ? end - 1n : first);
  if (last < from) return [];
  try {
    if (!isKnown) throw unreadable("The batch is not in version 2 of Kafka's record format.");
    return readBatch(batch, Number(first), Number(last), allowance);
  } catch (error) {
    if (!(error instanceof PavilionError)) throw error;
    allowance.left -= batch.length;
    return [faultAt(last, batch, error, { first: first < from ? from : first, context: contextOf(batch) })];
  }
}

const least = (one: bigint, other: bigint): bigint => (one < other ? one : other);

interface Context {
  readonly producerId: string;
  readonly inTransaction: boolean;
}

const nobody: Context = { producerId: "-1", inTransaction: false };

function contextOf(batch: Buffer): Context {
  if (batch[at.magic] !== magic || batch.length < at.records) return nobody;
  const inTransaction = (batch.readInt16BE(at.attributes) & flags.transactional) !== 0;
  return { producerId: String(batch.readBigInt64BE(at.producerId)), inTransaction };
}

/** What stands in the place of something that cannot be read. */
function faultAt(
  offset: bigint,
  value: Buffer,
  error: PavilionError,
  batch?: { readonly first: bigint; readonly context: Context },
): DecodedRecord {
  return {
    offset: String(offset),
    timestamp: "0",
    key: null,
    value,
    headers: noHeaders,
    headerCount: 0,
    headerBytes: 0,
    fault: {
      code: error.code as RecordFault["code"],
      detail: error.message,
      firstOffset: batch?.first ?? offset,
    },
    isControlRecord: false,
    batchContext: batch?.context ?? nobody,
  };
}

interface Batch {
  readonly first: number;
  readonly last: number;
  readonly isControl: boolean;
  readonly context: Context;
  readonly timeOf: (later: number) => number;
}

function readBatch(bytes: Buffer, first: number, last: number, allowance: Allowance): DecodedRecord[] {
  if (crc32c(bytes, at.attributes) !== bytes.readUInt32BE(at.crc))
    throw unreadable("The batch's checksum does not match its bytes.");
  const attributes = bytes.readInt16BE(at.attributes);
  const codec = attributes & flags.codec;
  const isControl = (attributes & flags.control) !== 0;
  const context = contextOf(bytes);
  const count = bytes.readInt32BE(at.count);
  const isBounded = codec !== 0 || !context.inTransaction;
  if (isBounded && count > batchRecordsMax)
    throw tooLarge(`The batch has more than ${String(batchRecordsMax)} records.`);
  const packed = bytes.subarray(at.records);
  const records = unpack(codec, packed, allowance);
  if (count < 0 || count * recordLengthLeast > records.length)
    throw unreadable("The batch holds fewer records than it says.");
  allowance.left -= count * recordOverhead;
  const times = [bytes.readBigInt64BE(at.firstTimestamp), bytes.readBigInt64BE(at.maxTimestamp)].map(Number);
  const [firstTime = 0, maxTime = 0] = times;
  const timeOf =
    (attributes & flags.appendTime) === 0 ? (later: number) => firstTime + later : (): number => maxTime;
  const batch = { first, last, isControl, context, timeOf };
  const read = readRecords(new Input(records), count, batch);
  if (isControl && count > 0 && !isMarker(read, codec))
    throw unreadable("The control batch is not one that Kafka writes.");
  return read;
}

function unpack(codec: number, packed: Buffer, allowance: Allowance): Buffer {
  // What is refused may have been inflated up to the bound all the same: a bomb of 150 bytes is 4 MiB of work.
  const most = codec === 0 ? packed.length : batchBytesMax;
  allowance.left -= most;
  if (codec === 0) return packed;
  const records = inflate(codec, packed, batchBytesMax);
  allowance.left += most - Math.max(records.length, inflateOverhead);
  return records;
}

/** Kafka ends a transaction by one record, whose key is a version and a type. */
const isMarker = (records: readonly DecodedRecord[], codec: number): boolean =>
  codec === 0 && records.length === 1 && (records[0]?.key?.length ?? 0) >= 4;

function readRecords(input: Input, count: number, batch: Batch): DecodedRecord[] {
  const records: DecodedRecord[] = [];
  let before = batch.first - 1;
  for (let index = 0; index < count; index++) {
    const length = input.varint();
    if (length < 0 || length > input.end - input.at)
      throw unreadable("A record is longer than the batch that holds it.");
    const record = new Input(input.bytes, input.at, input.at + length);
    input.at += length;
    record.skip(1);
    const time = batch.timeOf(record.varint());
    const offset = batch.first + record.varint();
    if (offset <= before || offset > batch.last)
      throw unreadable("The batch's records are not in the order of their offsets.");
    before = offset;
    records.push(readRecord(record, offset, time, batch));
  }
  if (input.at !== input.end) throw unreadable("The batch holds bytes beyond its last record.");
  // What compaction took: offsets that are passed over.
  if (before < batch.last) records.push(nothingAt(batch));
  return records;
}

const nothingAt = ({ last, context }: Batch): DecodedRecord => ({
  ...{ offset: String(last), timestamp: "0", key: null, value: null },
  ...{ headers: noHeaders, headerCount: 0, headerBytes: 0, isControlRecord: true, batchContext: context },
});

function readRecord(input: Input, offset: number, time: number, batch: Batch): DecodedRecord {
  const { isControl, context } = batch;
  const start = input.at;
  try {
    if (!(time >= 0 && time <= dateMax)) throw unreadable("The record's timestamp is not a date.");
    const key = input.counted();
    const value = input.counted();
    const headerCount = input.varint();
    const begin = input.at;
    const headers = readHeaders(input, headerCount);
    if (input.at !== input.end) throw unreadable("The record holds more bytes than it says.");
    return {
      offset: String(offset),
      timestamp: String(time),
      key,
      value,
      headers,
      headerCount,
      headerBytes: input.at - begin,
      isControlRecord: isControl,
      batchContext: context,
    };
  } catch (error) {
    if (!(error instanceof PavilionError)) throw error;
    const { fault, ...rest } = faultAt(BigInt(offset), input.bytes.subarray(start, input.end), error);
    const { code, detail } = fault ?? { code: "RECORD_UNREADABLE", detail: "" };
    return { ...rest, fault: { code, detail }, batchContext: context };
  }
}

/** All are walked, and the first `headersMax` kept; one without a value says nothing. */
function readHeaders(input: Input, count: number): Headers {
  if (count < 0 || 2 * count > input.end - input.at)
    throw unreadable("The record holds fewer headers than it says.");
  if (count === 0) return noHeaders;
  const headers = new Map<string, Buffer>();
  for (let index = 0; index < count; index++) {
    const name = input.counted();
    if (name === null) throw unreadable("A header of the record has no name.");
    const value = input.counted();
    if (index >= headersMax || value === null) continue;
    const text = name.toString();
    if (!headers.has(text)) headers.set(text, value);
  }
  return headers;
}

/** Reads a part of some bytes from its start to its end; throws RECORD_UNREADABLE beyond. */
class Input {
  readonly bytes: Buffer;
  at: number;
  readonly end: number;

  constructor(bytes: Buffer, start = 0, end = bytes.length) {
    this.bytes = bytes;
    this.at = start;
    this.end = end;
  }

  skip(count: number): void {
    if (count > this.end - this.at) throw early();
    this.at += count;
  }

  /** A zigzag number of variable length, at most ten bytes; rounded above 2^53, where nothing is within its bounds. */
  varint(): number {
    let value = 0;
    for (let unit = 1, place = 0; place < 10; place++, unit *= 128) {
      if (this.at >= this.end) throw early();
      const byte = this.bytes[this.at++] ?? 0;
      value += (byte & 0x7f) * unit;
      if (byte < 0x80) return value % 2 === 0 ? value / 2 : -(value + 1) / 2;
    }
    throw unreadable("A number of the batch is longer than ten bytes.");
  }

  /** Bytes with their length before them; null where it is -1. */
  counted(): Buffer | null {
    const length = this.varint();
    if (length === -1) return null;
    if (length < 0) throw unreadable("A length in the batch is negative.");
    const start = this.at;
    this.skip(length);
    return this.bytes.subarray(start, start + length);
  }
}

const early = (): PavilionError => unreadable("The batch's bytes end within a record.");
