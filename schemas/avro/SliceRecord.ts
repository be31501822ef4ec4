// Generated from SliceRecord.avsc by scripts/generate-avro-types.ts. Edit the schema, then run the script.

/** A record as psi keeps it: one person in one dataset, with the place of its commitment. Sealed wherever it crosses a topic. */
export interface SliceRecord {
  /** First 16 bytes of the OPRF output. */
  token: Buffer;
  /** One value per declared column: integer, flag 0/1 or category index; null where absent. */
  values: (number | null)[];
  /** Blinding of the record's commitment, 32 bytes big-endian. */
  blinding: Buffer;
  /** Index of the record, and of its leaf, within the batch. */
  row: number;
}
