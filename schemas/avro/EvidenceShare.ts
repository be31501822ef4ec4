// Generated from EvidenceShare.avsc by scripts/generate-avro-types.ts. Edit the schema, then run the script.

/** How many answered questions of a tenant wait for their proofs. */
export interface EvidenceShare {
  /** The broker's key, as the collaboration pins it; its name where that is not known any more. */
  signer: string;
  /** The tenant; empty for all others of the signer together. */
  tenant: string;
  /** How many wait. */
  waiting: number;
}
