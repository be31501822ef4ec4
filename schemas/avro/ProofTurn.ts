// Generated from ProofTurn.avsc by scripts/generate-avro-types.ts. Edit the schema, then run the script.

/** The zkp stage's message to itself: whoever is next may have its proofs made. It comes behind the witness whose turn it was. */
export interface ProofTurn {
  /** The last that was given out is the one that counts. */
  number: number;
}
