// Generated from SealedEvent.avsc by scripts/generate-avro-types.ts. Edit the schema, then run the script.

/** An event whose value crosses topics only sealed to the region's key. */
export interface SealedEvent {
  /** Name of the event inside. */
  event: string;
  /** Sealed Confluent-framed Avro; format in crypto/sealing. */
  envelope: Buffer;
}
