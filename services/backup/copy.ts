/**
 * Reading and copying files piece by piece, whatever their length, with their digests. Blocks that are all zeros are left out
 * of the copy, where the file then has a hole: Kafka makes its indexes at full size, mostly empty, 4 GB of a small stack.
 */
import { createHash } from "node:crypto";
import { constants } from "node:fs";
import { open } from "node:fs/promises";

/** What is read at once. */
const PIECE_BYTES = 1024 * 1024;
/** What is written at once, or left out. */
const BLOCK_BYTES = 64 * 1024;
const zeros = Buffer.alloc(BLOCK_BYTES);

export interface Read {
  readonly size: number;
  /** SHA-256, hexadecimal. */
  readonly sha256: string;
}

/** Told how many bytes more were read. */
export type OnBytes = (bytes: number) => void;

/** Follows no link. */
export async function digestOf(file: string, onBytes: OnBytes): Promise<Read> {
  return readThrough(file, onBytes, () => Promise.resolve());
}

/** Makes the copy, which must not be there yet, with mode 0600. */
export async function copyFile(from: string, to: string, onBytes: OnBytes): Promise<Read> {
  const copy = await open(to, "wx", 0o600);
  try {
    const read = await readThrough(from, onBytes, async (piece, at) => {
      for (let begin = 0; begin < piece.length; begin += BLOCK_BYTES) {
        const block = piece.subarray(begin, begin + BLOCK_BYTES);
        if (!block.equals(zeros.subarray(0, block.length))) await writeWhole(block, at + begin);
      }
    });
    await copy.truncate(read.size);
    return read;
  } finally {
    await copy.close();
  }

  async function writeWhole(piece: Buffer, at: number): Promise<void> {
    for (let written = 0; written < piece.length;) {
      const { bytesWritten } = await copy.write(piece, written, piece.length - written, at + written);
      written += bytesWritten;
    }
  }
}

async function readThrough(
  file: string,
  onBytes: OnBytes,
  take: (piece: Buffer, at: number) => Promise<void>,
): Promise<Read> {
  const source = await open(file, constants.O_RDONLY | constants.O_NOFOLLOW);
  try {
    const hash = createHash("sha256");
    const buffer = Buffer.alloc(PIECE_BYTES);
    for (let size = 0; ;) {
      const { bytesRead } = await source.read(buffer, 0, PIECE_BYTES, size);
      if (bytesRead === 0) return { size, sha256: hash.digest("hex") };
      const piece = buffer.subarray(0, bytesRead);
      hash.update(piece);
      await take(piece, size);
      size += bytesRead;
      onBytes(bytesRead);
    }
  } finally {
    await source.close();
  }
}
