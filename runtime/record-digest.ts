/**
 * What a record is called that no admitted party signed: a digest of its own kind, over where it lies and what it is,
 * never over what it claims. Its publisher knows all of it once Kafka has taken the record; a copy of the record lies
 * elsewhere and is called otherwise, so that nobody can have an answer given in another record's name.
 *
 * docs/protocol.md tells clients in other languages how it is computed.
 */
import { createHash } from "node:crypto";

const LABEL = "pavilion/record/v1";

export interface RecordPlace {
  /** The topic's full name. */
  readonly topic: string;
  readonly partition: number;
  readonly offset: bigint;
  readonly key: Uint8Array;
  readonly value: Uint8Array;
}

/** Lowercase hex SHA-256; every part but the last is preceded by its length or has a fixed one, so no two share an input. */
export function recordDigest({ topic, partition, offset, key, value }: RecordPlace): string {
  const place = Buffer.alloc(12);
  place.writeUInt32BE(partition);
  place.writeBigUInt64BE(offset, 4);
  return createHash("sha256")
    .update(counted(Buffer.from(LABEL, "utf8")))
    .update(counted(Buffer.from(topic, "utf8")))
    .update(place)
    .update(counted(key))
    .update(value)
    .digest("hex");
}

function counted(bytes: Uint8Array): Buffer {
  const length = Buffer.alloc(4);
  length.writeUInt32BE(bytes.length);
  return Buffer.concat([length, bytes]);
}
