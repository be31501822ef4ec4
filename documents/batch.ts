/**
 * Batches that providers push: a signed header over a payload digest.
 */
import { createHash } from "node:crypto";

/**
 * Lowercase hex SHA-256 over the parts, each with its length as 32 bits big-endian before it, so that no two different
 * lists of parts have the same input.
 */
export function payloadDigest(parts: Iterable<Uint8Array>): string {
  const hash = createHash("sha256");
  const length = Buffer.alloc(4);
  for (const part of parts) {
    length.writeUInt32BE(part.length);
    hash.update(length).update(part);
  }
  return hash.digest("hex");
}

/**
 * What binds the HPKE context of a record batch to its place: collaboration, epoch, dataset, sequence and the previous
 * head (RFC 9180 `info`). The index within the batch is HPKE's own sequence number.
 */
export function recordBatchInfo(header: {
  collaboration: string;
  epoch: number;
  dataset: string;
  sequence: number;
  previous: string | null;
}): Uint8Array {
  const place = [
    "pavilion/record-batch/v1",
    header.collaboration,
    String(header.epoch),
    header.dataset,
    String(header.sequence),
    header.previous ?? "",
  ];
  return new TextEncoder().encode(place.join("\n"));
}
