// Generated from dataset-head.schema.json by scripts/generate-json-types.ts. Edit the schema, then run the script.

/**
 * What a provider signs of each batch: the head that its manifest makes. It tells nothing of the records.
 */
export interface DatasetHeadDocument {
  type: "pavilion/dataset-head";
  /**
   * Collaboration id.
   */
  collaboration: string;
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
   * Number of the batch that made the head.
   */
  sequence: number;
  /**
   * Digest of the batch's manifest.
   */
  head: string;
  /**
   * True where the batch is its push's last: only then may it be answered as of this head.
   */
  complete: boolean;
}
