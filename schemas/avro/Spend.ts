// Generated from Spend.avsc by scripts/generate-avro-types.ts. Edit the schema, then run the script.

/** One entry of the privacy ledger. */
export interface Spend {
  /** Who pays. */
  population: string;
  /** Position in the population's ledger, from 1. */
  sequence: number;
  /** Privacy loss of this release, a fraction. */
  epsilon: string;
  /** Privacy loss so far, this one included. */
  total: string;
  /** What may still be spent now, under both the total and the window. */
  left: string;
}
