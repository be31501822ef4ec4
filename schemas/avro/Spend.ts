// Generated from Spend.avsc by scripts/generate-avro-types.ts. Edit the schema, then run the script.

/** One entry of the privacy ledger. */
export interface Spend {
  /** Who pays. */
  population: string;
  /** Position in the population's ledger, from 1. */
  sequence: number;
  /** ε of this release, a fraction. */
  epsilon: string;
  /** ε so far, this one included. */
  total: string;
  /** ε that may still be spent now, under the total and every window. */
  left: string;
  /** δ of this release, a fraction. */
  delta: string;
  /** δ so far, this one included. */
  deltaTotal: string;
  /** δ that may still be spent now. */
  deltaLeft: string;
}
