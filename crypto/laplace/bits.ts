/**
 * Fair bits out of a stream of bytes, each used once and in order: bytes as they come, the most significant bit first.
 *
 * The stream is asked for blocks of 32 bytes, the length of an HMAC-SHA-256, so that a source whose n-th block is
 * HMAC(key, label || n) needs one call a block. The same stream gives the same bits. Bits left over from one draw go to
 * the next that is made from the same source.
 *
 * Codes: LAPLACE_SOURCE_INVALID, LAPLACE_SOURCE_BUSY.
 */
import { CryptoError } from "../errors.ts";

const BLOCK_LENGTH = 32;

/** The most bits taken at once. */
const BITS_MAX = 4096;

/** `length` uniform, secret bytes that were never handed out before. */
export type ByteStream = (length: number) => Uint8Array | Promise<Uint8Array>;

/** Where a sampler takes its randomness from. */
export interface BitSource {
  /** The next `count` bits as a number in 0 .. 2^count − 1; 0 ≤ count ≤ BITS_MAX. One call at a time. */
  readonly take: (count: number) => bigint | Promise<bigint>;
}

const BITS_PER_BLOCK = 8 * BLOCK_LENGTH;

/**
 * A bit source over a stream. `take` throws LAPLACE_SOURCE_INVALID for a block that has not 32 bytes and for a count out of
 * range, and LAPLACE_SOURCE_BUSY for a call while another is waiting: the order of bits would hang on timing.
 */
export function bitSourceOver(nextBytes: ByteStream): BitSource {
  let pool = 0n;
  let available = 0;
  let waiting = false;

  function cut(count: number): bigint {
    available -= count;
    const bits = pool >> BigInt(available);
    pool = BigInt.asUintN(available, pool);
    return bits;
  }

  async function refillAndCut(count: number): Promise<bigint> {
    waiting = true;
    try {
      while (available < count) {
        pool = (pool << BigInt(BITS_PER_BLOCK)) | blockValue(await nextBytes(BLOCK_LENGTH));
        available += BITS_PER_BLOCK;
      }
      return cut(count);
    } finally {
      waiting = false;
    }
  }

  return {
    take: (count) => {
      if (!Number.isInteger(count) || count < 0 || count > BITS_MAX) {
        throw new CryptoError("LAPLACE_SOURCE_INVALID", "the number of bits asked for is out of range");
      }
      if (waiting) throw new CryptoError("LAPLACE_SOURCE_BUSY", "the source is in use by another draw");
      return available >= count ? cut(count) : refillAndCut(count);
    },
  };
}

function blockValue(block: Uint8Array): bigint {
  if (block.length !== BLOCK_LENGTH) {
    throw new CryptoError("LAPLACE_SOURCE_INVALID", "the byte stream did not hand out one block");
  }
  return BigInt(`0x${Buffer.from(block).toString("hex")}`);
}
