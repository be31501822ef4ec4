// Generated from seed-leaf.schema.json by scripts/generate-json-types.ts. Edit the schema, then run the script.

/**
 * Log leaf: a noise seed is committed to before it may be used.
 */
export interface SeedLeaf {
  type: "pavilion/seed-leaf";
  /**
   * Region of the log.
   */
  region: string;
  /**
   * Number of the seed.
   */
  seed: number;
  /**
   * Poseidon hash of the seed.
   */
  commitment: string;
  /**
   * 256 bits that keep the leaf from being guessed.
   */
  salt: string;
}
