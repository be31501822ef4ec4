/**
 * The body of a Produce request, versions 3 to 7, uncompressed: Kafka's protocol guide, "Produce" and "Record Batch"
 * (magic 2). kafkajs's own encoder allocates a buffer for each record and each header, which is where a busy producer
 * spends half of its time; this writes a request into one buffer.
 */
import type { Message } from "kafkajs";
import { crc32c } from "./crc32c.ts";

/** As kafkajs hands it to its encoder. */
export interface ProduceRequest {
  readonly transactionalId?: string | undefined;
  /** A 64-bit number, or what stands for one. */
  readonly producerId?: unknown;
  readonly producerEpoch?: number;
  readonly acks: number;
  readonly timeout: number;
  readonly topicData: readonly {
    readonly topic: string;
    readonly partitions: readonly {
      readonly partition: number;
      readonly firstSequence?: number;
      readonly messages: readonly Message[];
    }[];
  }[];
}

const magic = 2;
const transactional = 0x10;
/** Texts of so many characters, where all are ASCII, have a length of one byte. */
const shortText = 64;

/** The request's body; every record without a timestamp of its own has `now`, in milliseconds. */
export function encodeProduce(request: ProduceRequest, now: number): Buffer {
  const writer = new Writer();
  writer.text16(request.transactionalId);
  writer.int16(request.acks);
  writer.int32(request.timeout);
  writer.int32(request.topicData.length);
  for (const { topic, partitions } of request.topicData) {
    writer.text16(topic);
    writer.int32(partitions.length);
    for (const { partition, firstSequence = 0, messages } of partitions) {
      writer.int32(partition);
      const sizeAt = writer.skip(4);
      writeBatch(writer, request, { firstSequence, messages, now });
      writer.int32At(sizeAt, writer.at - sizeAt - 4);
    }
  }
  return writer.written();
}

function writeBatch(
  writer: Writer,
  { transactionalId, producerId = -1, producerEpoch = 0 }: ProduceRequest,
  batch: { readonly firstSequence: number; readonly messages: readonly Message[]; readonly now: number },
): void {
  const { firstSequence, messages, now } = batch;
  const times = messages.map(({ timestamp }) => (timestamp === undefined ? now : Number(timestamp)));
  const first = times.reduce((least, time) => Math.min(least, time), times[0] ?? now);
  writer.int64(0n);
  const lengthAt = writer.skip(4);
  writer.int32(0);
  writer.int8(magic);
  const crcAt = writer.skip(4);
  writer.int16(transactionalId === undefined ? 0 : transactional);
  writer.int32(messages.length - 1);
  writer.int64(BigInt(first));
  writer.int64(BigInt(times.reduce((most, time) => Math.max(most, time), first)));
  writer.int64(BigInt(String(producerId)));
  writer.int16(producerEpoch);
  writer.int32(firstSequence);
  writer.int32(messages.length);
  const scratch = new Writer();
  for (const [index, message] of messages.entries()) {
    scratch.at = 0;
    writeRecord(scratch, message, index, (times[index] ?? now) - first);
    writer.varint(scratch.at);
    writer.bytes(scratch.written());
  }
  writer.int32At(lengthAt, writer.at - lengthAt - 4);
  writer.int32At(crcAt, crc32c(writer.written(), crcAt + 4) | 0);
}

function writeRecord(writer: Writer, message: Message, offset: number, later: number): void {
  writer.int8(0);
  writer.varint(later);
  writer.varint(offset);
  writer.counted(message.key);
  writer.counted(message.value);
  const headers = Object.entries(message.headers ?? {});
  writer.varint(headers.reduce((sum, [, value]) => sum + (Array.isArray(value) ? value.length : 1), 0));
  for (const [name, value] of headers) {
    for (const one of Array.isArray(value) ? value : [value]) {
      writer.counted(name);
      writer.counted(one);
    }
  }
}

/** Appends to a buffer that grows. */
class Writer {
  #buffer = Buffer.allocUnsafe(4096);
  at = 0;

  /** What was written; valid until more is. */
  written(): Buffer {
    return this.#buffer.subarray(0, this.at);
  }

  /** Leaves bytes to be set later; says where. */
  skip(length: number): number {
    this.#reserve(length);
    this.at += length;
    return this.at - length;
  }

  int8(value: number): void {
    const at = this.skip(1);
    this.#buffer.writeInt8(value, at);
  }

  int16(value: number): void {
    const at = this.skip(2);
    this.#buffer.writeInt16BE(value, at);
  }

  int32(value: number): void {
    const at = this.skip(4);
    this.int32At(at, value);
  }

  int32At(at: number, value: number): void {
    this.#buffer.writeInt32BE(value, at);
  }

  int64(value: bigint): void {
    const at = this.skip(8);
    this.#buffer.writeBigInt64BE(value, at);
  }

  /** A zigzag number of variable length: whole, and of at most 53 bits. */
  varint(value: number): void {
    this.#reserve(10);
    let rest = value < 0 ? -2 * value - 1 : 2 * value;
    for (; rest > 0x7f; rest = Math.floor(rest / 128)) this.#buffer[this.at++] = (rest % 128) | 0x80;
    this.#buffer[this.at++] = rest;
  }

  /** A nullable string with a length of two bytes. */
  text16(text: string | undefined): void {
    if (text === undefined) {
      this.int16(-1);
      return;
    }
    const length = Buffer.byteLength(text);
    this.int16(length);
    const at = this.skip(length);
    this.#buffer.write(text, at);
  }

  /** Bytes or text with their length before them; -1 for null. */
  counted(value: Buffer | string | null | undefined): void {
    if (value === null || value === undefined) this.varint(-1);
    else if (typeof value !== "string") {
      this.varint(value.length);
      this.bytes(value);
    } else if (value.length >= shortText || !this.#shortText(value)) {
      const length = Buffer.byteLength(value);
      this.varint(length);
      const at = this.skip(length);
      this.#buffer.write(value, at);
    }
  }

  bytes(bytes: Uint8Array): void {
    const at = this.skip(bytes.length);
    this.#buffer.set(bytes, at);
  }

  /** Faster than a call into Node for texts as short as headers are; false, and nothing written, where one is no ASCII. */
  #shortText(text: string): boolean {
    this.#reserve(shortText + 1);
    const buffer = this.#buffer;
    const start = this.at + 1;
    for (let index = 0; index < text.length; index++) {
      const code = text.charCodeAt(index);
      if (code > 0x7f) return false;
      buffer[start + index] = code;
    }
    buffer[this.at] = 2 * text.length;
    this.at = start + text.length;
    return true;
  }

  #reserve(length: number): void {
    if (this.at + length <= this.#buffer.length) return;
    const larger = Buffer.allocUnsafe(2 * (this.at + length));
    larger.set(this.written());
    this.#buffer = larger;
  }
}
