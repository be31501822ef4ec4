// Generated from Redrive.avsc by scripts/generate-avro-types.ts. Edit the schema, then run the script.

/** An operator put a dead letter's original back on its topic; stands beside the letter, in one transaction with the original. */
export interface Redrive {
  /** The letter's offset in this topic. */
  letter: number;
  /** CloudEvents id of the original as it was published again. */
  eventId: string;
}
