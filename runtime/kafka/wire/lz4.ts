/**
 * An LZ4 frame, decoded (github.com/lz4/lz4, "lz4_Frame_format.md" 1.6.2 and "lz4_Block_format.md"): one frame, as Kafka's
 * clients write it. Its checksums are passed over, since each record batch has one of its own over all of its bytes.
 */
import { Inflated, unreadable } from "./inflated.ts";

const frameMark = 0x184d2204;
const flags = { independent: 0x20, blockChecksum: 0x10, size: 0x08, checksum: 0x04, dictionary: 0x01 };
/** The highest bit of a block's size: its bytes are not compressed. */
const plainBlock = 0x80000000;
const leastMatch = 4;

/** At most `most` bytes; throws RECORD_TOO_LARGE or RECORD_UNREADABLE. */
export function inflateLz4(bytes: Buffer, most: number): Buffer {
  const { flag, blockMost, at: begin } = readHeader(bytes);
  const output = new Inflated(bytes.length, most);
  let at = begin;
  for (;;) {
    if (at + 4 > bytes.length) throw early();
    const size = bytes.readUInt32LE(at);
    at += 4;
    if (size === 0) break;
    const end = at + (size & ~plainBlock);
    if (end > bytes.length) throw early();
    const start = output.length;
    if (size >= plainBlock) output.append(bytes, at, end);
    else inflateBlock(bytes.subarray(at, end), output, (flag & flags.independent) === 0 ? 0 : start);
    if (output.length - start > blockMost) throw unreadable("An LZ4 block is larger than its frame states.");
    at = end + ((flag & flags.blockChecksum) === 0 ? 0 : 4);
  }
  at += (flag & flags.checksum) === 0 ? 0 : 4;
  if (at !== bytes.length) throw unreadable("The batch's LZ4 frame does not end where its bytes do.");
  return output.written;
}

const early = (): Error => unreadable("The batch's LZ4 bytes end early.");

function readHeader(bytes: Buffer): { flag: number; blockMost: number; at: number } {
  if (bytes.length < 7) throw early();
  const [flag, sizes] = [bytes.readUInt8(4), bytes.readUInt8(5)];
  const step = (sizes >>> 4) & 7;
  const isKnown = bytes.readUInt32LE(0) === frameMark && flag >>> 6 === 1 && step >= 4;
  if (!isKnown || (flag & flags.dictionary) !== 0)
    throw unreadable("The batch is not an LZ4 frame as Kafka writes it.");
  return { flag, blockMost: 2 ** (8 + 2 * step), at: 7 + ((flag & flags.size) === 0 ? 0 : 8) };
}

/** Sequences of literals and a match each; the last has no match. Matches reach back to `since` at most. */
function inflateBlock(block: Buffer, output: Inflated, since: number): void {
  let at = 0;
  /** Adds to a length what follows it, in bytes that are 255 but for the last. */
  const lengthened = (short: number): number => {
    let length = short;
    for (let byte = short === 15 ? 255 : 0; byte === 255; length += byte) {
      byte = block[at++] ?? -1;
      if (byte < 0) throw early();
    }
    return length;
  };
  while (at < block.length) {
    const token = block[at++] ?? 0;
    const literals = lengthened(token >>> 4);
    output.append(block, at, at + literals);
    at += literals;
    if (at === block.length) return;
    if (at + 2 > block.length) throw early();
    const distance = block.readUInt16LE(at);
    at += 2;
    output.repeat(distance, leastMatch + lengthened(token & 15), since);
  }
}
