// Generated from SeedEntry.avsc by scripts/generate-avro-types.ts. Edit the schema, then run the script.

/** An anchored noise seed, as askers and routing find it. */
export interface SeedEntry {
  /** Number of the seed in its region, from 1. */
  id: number;
  /** Poseidon hash of the seed, 64 hex digits: what a request names. */
  commitment: string;
  /** True while new requests may use it. */
  open: boolean;
}
