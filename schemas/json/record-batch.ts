// Generated from record-batch.schema.json by scripts/generate-json-types.ts. Edit the schema, then run the script.

/**
 * The manifest of a batch of sealed records. Its digest is the dataset's head; the salt keeps it from being guessed.
 */
export interface RecordBatchHeader {
  type: "pavilion/record-batch";
  /**
   * Collaboration id.
   */
  collaboration: string;
  /**
   * Its version.
   */
  version: number;
  /**
   * Matching epoch.
   */
  epoch: number;
  /**
   * Provider that pushes.
   */
  provider: string;
  /**
   * Dataset id.
   */
  dataset: string;
  /**
   * Random id of the push; its batches are one snapshot's changes.
   */
  push: string;
  /**
   * From 1, without gaps, for the dataset's whole life in the epoch.
   */
  sequence: number;
  /**
   * Digest of the previous header; null for the first.
   */
  previous: string | null;
  /**
   * Records in the batch; a batch is taken in within one Kafka transaction.
   */
  count: number;
  /**
   * SHA-256 over enc and every ciphertext, each with its length as 32 bits big-endian before it.
   */
  payloadDigest: string;
  /**
   * True on the push's last batch.
   */
  last: boolean;
  /**
   * Digest of the dataset's declared columns: the schema and bounds that the records keep to.
   */
  columns: string;
  /**
   * Merkle root (RFC 6962) over the records' salted commitments, in order.
   */
  root: string;
  /**
   * 256 random bits.
   */
  salt: string;
}
