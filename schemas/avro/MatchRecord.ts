// Generated from MatchRecord.avsc by scripts/generate-avro-types.ts. Edit the schema, then run the script.

/** One person in one dataset, under a pseudonymous token. Sealed wherever it crosses a topic. */
export interface MatchRecord {
  /** First 16 bytes of the OPRF output. */
  token: Buffer;
  /** One value per declared column: integer, flag 0/1 or category index; null where absent. */
  values: (number | null)[];
  /** Blinding of the record's commitment, 32 bytes big-endian, below the group order. */
  blinding: Buffer;
}
