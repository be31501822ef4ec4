// Generated from SeedRef.avsc by scripts/generate-avro-types.ts. Edit the schema, then run the script.

/** The noise seed that a request uses. */
export interface SeedRef {
  /** Number of the seed in its region, from 1. */
  id: number;
  /** Its anchored commitment, 64 hex digits. */
  commitment: string;
}
