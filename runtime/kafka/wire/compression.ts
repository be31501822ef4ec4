/**
 * The codecs of a record batch's attributes, inflated within a bound: what comes out is never longer than it, and what is
 * allocated on the way depends on what came out, not on what the bytes claim.
 */
import { constants, gunzipSync, zstdDecompressSync } from "node:zlib";
import { inflateLz4 } from "./lz4.ts";
import { inflatesBeyond, unreadable } from "./inflated.ts";
import { inflateSnappy } from "./snappy.ts";

/** How far back a zstd frame may refer, as a power of two: RFC 8878 asks a decoder for 8 MiB, and allocates them at once. */
const zstdWindowLogMax = 23;

type Inflate = (bytes: Buffer, most: number) => Buffer;

const gzip: Inflate = (bytes, most) => byZlib(most, () => gunzipSync(bytes, { maxOutputLength: most }));
const zstd: Inflate = (bytes, most) => {
  const params = { [constants.ZSTD_d_windowLogMax]: zstdWindowLogMax };
  return byZlib(most, () => zstdDecompressSync(bytes, { maxOutputLength: most, params }));
};

/** By the number that the attributes hold; 0 is no codec. */
const codecs: readonly (Inflate | undefined)[] = [undefined, gzip, inflateSnappy, inflateLz4, zstd];

/** At most `most` bytes. Throws RECORD_TOO_LARGE where there are more, RECORD_UNREADABLE where the bytes are not the codec's. */
export function inflate(codec: number, bytes: Buffer, most: number): Buffer {
  const known = codecs[codec];
  if (known === undefined) throw unreadable("The batch is compressed by a codec that Kafka does not know.");
  return known(bytes, most);
}

function byZlib(most: number, run: () => Buffer): Buffer {
  try {
    return run();
  } catch (error) {
    if (error instanceof RangeError && "code" in error && error.code === "ERR_BUFFER_TOO_LARGE")
      throw inflatesBeyond(most);
    throw unreadable("The batch's compressed bytes are not in their codec's format.");
  }
}
