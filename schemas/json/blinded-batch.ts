// Generated from blinded-batch.schema.json by scripts/generate-json-types.ts. Edit the schema, then run the script.

/**
 * What a receiver signs of a batch of blinded identifiers.
 */
export interface BlindedBatchHeader {
  type: "pavilion/blinded-batch";
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
   * From 1 within the push.
   */
  sequence: number;
  /**
   * Random id of the push.
   */
  push: string;
  /**
   * Elements in the batch.
   */
  count: number;
  /**
   * SHA-256 over every element, framed as in record-batch.
   */
  payloadDigest: string;
}
