// Generated from departure.schema.json by scripts/generate-json-types.ts. Edit the schema, then run the script.

/**
 * A provider leaves a population or a collaboration as of one version, signed by itself: the version after needs its signature no more.
 */
export interface Departure {
  type: "pavilion/departure";
  /**
   * What it leaves.
   */
  of: "population" | "collaboration";
  /**
   * Id of what it leaves.
   */
  id: string;
  /**
   * SHA-256 of the version that it leaves, in hexadecimal digits.
   */
  previous: string;
  /**
   * Provider that leaves.
   */
  provider: string;
}
