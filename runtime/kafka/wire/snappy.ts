/**
 * Snappy, decoded (github.com/google/snappy, "format_description.txt"), in both ways in which Kafka's clients write it: one
 * block, as librdkafka does, and the blocks of snappy-java's stream ("xerial"), as the Java client does.
 */
import { Inflated, unreadable } from "./inflated.ts";

/** snappy-java's stream: this, a version, and the least version that can read it, 32 bits each. */
const streamMark = Buffer.from([0x82, 0x53, 0x4e, 0x41, 0x50, 0x50, 0x59, 0x00]);
const streamHeaderLength = 16;

/** At most `most` bytes; throws RECORD_TOO_LARGE or RECORD_UNREADABLE. */
export function inflateSnappy(bytes: Buffer, most: number): Buffer {
  const output = new Inflated(bytes.length, most);
  if (!bytes.subarray(0, streamMark.length).equals(streamMark)) {
    inflateBlock(bytes, output);
    return output.written;
  }
  let at = streamHeaderLength;
  while (at < bytes.length) {
    if (at + 4 > bytes.length) throw early();
    const end = at + 4 + bytes.readUInt32BE(at);
    if (end > bytes.length) throw early();
    inflateBlock(bytes.subarray(at + 4, end), output);
    at = end;
  }
  return output.written;
}

const early = (): Error => unreadable("The batch's snappy bytes end early.");

/** References reach back within the block only. */
function inflateBlock(block: Buffer, output: Inflated): void {
  const start = output.length;
  const { length, at: begin } = lengthOf(block);
  let at = begin;
  while (at < block.length) {
    const tag = block[at++] ?? 0;
    const kind = tag & 3;
    if (kind === 0) {
      const long = Math.max(0, (tag >>> 2) - 59);
      const count = 1 + (long === 0 ? tag >>> 2 : numberAt(block, at, long));
      at += long;
      output.append(block, at, at + count);
      at += count;
    } else if (kind === 1) {
      output.repeat(((tag >>> 5) << 8) | numberAt(block, at, 1), 4 + ((tag >>> 2) & 7), start);
      at += 1;
    } else {
      const width = kind === 2 ? 2 : 4;
      output.repeat(numberAt(block, at, width), 1 + (tag >>> 2), start);
      at += width;
    }
  }
  if (output.length - start !== length)
    throw unreadable("A snappy block does not have the length that it states.");
}

/** The inflated length that a block begins with: held against what came of it, never allocated for. */
function lengthOf(block: Buffer): { readonly length: number; readonly at: number } {
  let length = 0;
  for (let at = 0; at < 5; at++) {
    const byte = block[at];
    if (byte === undefined) break;
    length += (byte & 0x7f) * 2 ** (7 * at);
    if (byte < 0x80) return { length, at: at + 1 };
  }
  throw unreadable("A snappy block does not begin with its length.");
}

/** Little endian, of 1 to 4 bytes. */
function numberAt(block: Buffer, at: number, width: number): number {
  if (at + width > block.length) throw early();
  return block.readUIntLE(at, width);
}
