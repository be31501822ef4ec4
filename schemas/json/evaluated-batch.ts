// Generated from evaluated-batch.schema.json by scripts/generate-json-types.ts. Edit the schema, then run the script.

/**
 * What the sender signs of its evaluation.
 */
export interface EvaluatedBatchHeader {
  type: "pavilion/evaluated-batch";
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
   * Provider that asked.
   */
  receiver: string;
  /**
   * Digest of the blinded batch header that it answers.
   */
  blindedDigest: string;
  /**
   * Elements in the batch.
   */
  count: number;
  /**
   * SHA-256 over every element and the proof, framed as in record-batch.
   */
  payloadDigest: string;
}
