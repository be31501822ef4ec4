/**
 * The region's key at work: seals what crosses topics and changelogs. The data key is derived in the HSM and held in
 * memory. Names in changelogs are hashed under a key of their own that all generations share.
 *
 * Encryption keeps lengths, and lengths tell values: numbers take more bytes the larger they are. Plaintexts are
 * therefore padded (ISO/IEC 7816-4: 0x80, then zeros) to a power of two from 64 bytes to 1 KiB, and to whole KiB above.
 * Does not: hide in which of these an event lies.
 */
import { createSecretKey, randomBytes } from "node:crypto";
import { LRUCache } from "lru-cache";
import { CryptoError } from "../crypto/errors.ts";
import { pad, unpad } from "../crypto/padding/iso7816.ts";
import { open, seal } from "../crypto/sealing/envelope.ts";
import { keyedName } from "../crypto/sealing/keyed-name.ts";
import type { ChangelogKeys } from "./kafka/changelog.ts";

/** AES-GCM with random 96-bit nonces: at most 2^32 envelopes a generation (NIST SP 800-38D, section 8.3). */
const nonceBytes = 12;

/** Of the names that are remembered, texts included: tables, positions and open requests are named again and again. */
const namesBytes = 4 * 1024 * 1024;
const nameOverhead = 200;

const smallestBucket = 64;
const wholeBucket = 1024;

/** Both keys have 32 bytes. */
export function sealerWith(
  { generation, bytes }: { readonly generation: number; readonly bytes: Uint8Array },
  nameKey: Uint8Array,
): ChangelogKeys {
  const key = { generation, secret: createSecretKey(bytes) };
  const naming = createSecretKey(nameKey);
  const names = new LRUCache<string, string>({
    maxSize: namesBytes,
    sizeCalculation: (name, text) => name.length + text.length + nameOverhead,
    memoMethod: (text) => Buffer.from(keyedName(naming, Buffer.from(text))).toString("hex"),
  });
  return {
    seal: (plaintext, place) =>
      Buffer.from(
        seal(key, randomBytes(nonceBytes), pad(plaintext, bucketOf(plaintext.length)), Buffer.from(place)),
      ),
    /** Throws SEALING_ENVELOPE_MALFORMED for padding that `seal` does not make, beside what the envelope's open throws. */
    open: (envelope, place) => contentOf(open(key, envelope, Buffer.from(place))),
    nameOf: (text) => names.memo(text),
  };
}

/** What a plaintext of that length is padded to; the marker takes a byte. */
function bucketOf(length: number): number {
  let bucket = smallestBucket;
  while (bucket < wholeBucket && bucket <= length) bucket *= 2;
  return bucket > length ? bucket : (Math.floor(length / wholeBucket) + 1) * wholeBucket;
}

/** What was padded to its bucket. The bytes are authentic by now, so that how long this takes tells nobody else. */
function contentOf(padded: Uint8Array): Buffer {
  const content = unpad(padded);
  if (content === undefined || padded.length !== bucketOf(content.length)) {
    throw new CryptoError(
      "SEALING_ENVELOPE_MALFORMED",
      "The sealed bytes are not padded as the region pads.",
    );
  }
  return Buffer.from(content.buffer, content.byteOffset, content.length);
}
