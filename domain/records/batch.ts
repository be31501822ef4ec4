/**
 * Batches that providers push: a salted manifest, the dataset head that it makes, and the Merkle tree over the
 * commitments of its records. The provider signs the head, which tells nothing of the records; the manifest stays
 * between provider and connector.
 */
import { createHash, createHmac } from "node:crypto";
import { digestOf } from "../../crypto/jws/canonical.ts";
import { leafHash, rootOfLeaves } from "../../crypto/merkle/merkle.ts";
import type { DatasetHeadDocument } from "../../schemas/json/dataset-head.ts";
import type { RecordBatchHeader } from "../../schemas/json/record-batch.ts";

/** Bytes of a commitment's share. */
export const SHARE_LENGTH = 64;

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

/** Lowercase hex SHA-256 of a document's text as it came: of a canonical one, the document's digest. */
export const textDigest = (text: string): string => createHash("sha256").update(text).digest("hex");

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

/** The head that a manifest makes: what its provider signs. */
export function datasetHeadOf(header: RecordBatchHeader): DatasetHeadDocument {
  const { collaboration, epoch, provider, dataset, sequence } = header;
  const place = { collaboration, epoch, provider, dataset, sequence };
  return { type: "pavilion/dataset-head", ...place, head: digestOf(header), complete: header.last };
}

/** The leaf of a record's commitment, given as encoded: salted by the manifest's salt and its row. */
export function recordLeaf(salt: string, row: number, commitment: Uint8Array): string {
  const rowSalt = createHmac("sha256", Buffer.from(salt, "hex"))
    .update(`record ${String(row)}`)
    .digest();
  return leafHash(Buffer.concat([rowSalt, commitment]));
}

/** RFC 6962 root over the records' leaves. */
export const recordRoot = (salt: string, commitments: readonly Uint8Array[]): string =>
  rootOfLeaves(commitments.map((commitment, row) => recordLeaf(salt, row, commitment)));
