/**
 * Record batches built by hand, for tests: whatever a client could put on the wire, its checksum right unless said.
 */
import { crc32c } from "../crc32c.ts";

/** A zigzag number of variable length. */
function varint(value: number | bigint): Buffer {
  const bytes: number[] = [];
  let rest = BigInt(value) < 0n ? -2n * BigInt(value) - 1n : 2n * BigInt(value);
  for (; rest > 0x7fn; rest >>= 7n) bytes.push(Number(rest & 0x7fn) | 0x80);
  return Buffer.from([...bytes, Number(rest)]);
}

const counted = (bytes: Buffer | string | null): Buffer =>
  bytes === null ? varint(-1) : Buffer.concat([varint(Buffer.byteLength(bytes)), Buffer.from(bytes)]);

export interface RawRecord {
  readonly delta: number;
  readonly later?: number | bigint;
  readonly key?: Buffer | string | null;
  readonly value?: Buffer | string | null;
  readonly headers?: readonly (readonly [string | null, Buffer | string | null])[];
  /** Instead of the number of headers. */
  readonly headerCount?: number;
  /** Stands after everything. */
  readonly rest?: Buffer;
}

export function rawRecord(record: RawRecord): Buffer {
  const { delta, later = 0, key = "k", value = "v", headers = [], rest = Buffer.alloc(0) } = record;
  const body = Buffer.concat([
    Buffer.from([0]),
    varint(later),
    varint(delta),
    counted(key),
    counted(value),
    varint(record.headerCount ?? headers.length),
    ...headers.flatMap(([name, one]) => [counted(name), counted(one)]),
    rest,
  ]);
  return Buffer.concat([varint(body.length), body]);
}

export interface RawBatch {
  readonly first?: number | bigint;
  /** Codec in the lowest three bits; 0x08 append time, 0x10 in a transaction, 0x20 control. */
  readonly attributes?: number;
  readonly magic?: number;
  readonly records?: readonly (RawRecord | Buffer)[];
  /** Instead of the records as they are. */
  readonly packed?: Buffer;
  readonly pack?: (records: Buffer) => Buffer;
  readonly count?: number;
  readonly lastOffsetDelta?: number;
  readonly firstTimestamp?: bigint;
  readonly maxTimestamp?: bigint;
  readonly producerId?: bigint;
  readonly crc?: number;
  readonly length?: number;
}

/** Kafka's clock of the batches unless told. */
export const appendedAt = 1_800_000_000_000;

export function rawBatch(batch: RawBatch): Buffer {
  const records = (batch.records ?? [{ delta: 0 }]).map((one) =>
    Buffer.isBuffer(one) ? one : rawRecord(one),
  );
  const plain = Buffer.concat(records);
  const packed = batch.packed ?? batch.pack?.(plain) ?? plain;
  const head = Buffer.alloc(61);
  head.writeBigInt64BE(BigInt(batch.first ?? 0), 0);
  head.writeInt32BE(batch.length ?? 49 + packed.length, 8);
  head.writeInt8(batch.magic ?? 2, 16);
  head.writeInt16BE(batch.attributes ?? 0x08, 21);
  head.writeInt32BE(batch.lastOffsetDelta ?? records.length - 1, 23);
  head.writeBigInt64BE(batch.firstTimestamp ?? BigInt(appendedAt), 27);
  head.writeBigInt64BE(batch.maxTimestamp ?? BigInt(appendedAt), 35);
  head.writeBigInt64BE(batch.producerId ?? -1n, 43);
  head.writeInt32BE(-1, 53);
  head.writeInt32BE(batch.count ?? records.length, 57);
  const whole = Buffer.concat([head, packed]);
  whole.writeUInt32BE(batch.crc ?? crc32c(whole, 21), 17);
  return whole;
}

/** The body of a Fetch response, version 11, of a topic: the batches of each of its partitions, from the first on. */
export function fetchBody(topic: string, ...partitions: readonly Buffer[]): Buffer {
  const name = Buffer.from(topic);
  const head = Buffer.alloc(20 + name.length);
  head.writeInt32BE(1, 10);
  head.writeInt16BE(name.length, 14);
  name.copy(head, 16);
  head.writeInt32BE(partitions.length, 16 + name.length);
  return Buffer.concat([
    head,
    ...partitions.flatMap((batches, number) => [partitionHead(number, batches), batches]),
  ]);
}

function partitionHead(number: number, batches: Buffer): Buffer {
  const partition = Buffer.alloc(42);
  partition.writeInt32BE(number);
  // The log's end and its last stable offset.
  partition.writeBigInt64BE(1n << 40n, 6);
  partition.writeBigInt64BE(1n << 40n, 14);
  // No aborted transaction, and no other replica.
  partition.writeInt32BE(-1, 30);
  partition.writeInt32BE(-1, 34);
  partition.writeInt32BE(batches.length, 38);
  return partition;
}
