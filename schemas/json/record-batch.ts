// Generated from record-batch.schema.json by scripts/generate-json-types.ts. Edit the schema, then run the script.

/**
 * What a provider signs of a batch of sealed records. Its digest is the dataset's head.
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
}
