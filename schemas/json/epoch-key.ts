// Generated from epoch-key.schema.json by scripts/generate-json-types.ts. Edit the schema, then run the script.

/**
 * The sender's OPRF public key of an epoch.
 */
export interface EpochKeyDocument {
  type: "pavilion/epoch-key";
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
   * ristretto255 element, 32 bytes.
   */
  publicKey: string;
}
