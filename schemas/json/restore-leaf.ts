// Generated from restore-leaf.schema.json by scripts/generate-json-types.ts. Edit the schema, then run the script.

/**
 * Log leaf: the region was put back from a backup, and goes on from here.
 */
export interface RestoreLeaf {
  type: "pavilion/restore-leaf";
  /**
   * Region of the log.
   */
  region: string;
  /**
   * Of this restoring alone.
   */
  restore: string;
  /**
   * 256 bits that keep the leaf from being guessed.
   */
  salt: string;
}
