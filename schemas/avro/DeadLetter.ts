// Generated from DeadLetter.avsc by scripts/generate-avro-types.ts. Edit the schema, then run the script.

/** An input a stage could not accept. */
export interface DeadLetter {
  /** The stage. */
  stage: string;
  /** Stable error code. */
  code: string;
  /** What was wrong. */
  message: string;
  /** Topic of the input. */
  sourceTopic: string;
  /** Its partition. */
  sourcePartition: number;
  /** Its offset; the first one of a batch that could not be read. */
  sourceOffset: number;
  /** The last offset of a batch that could not be read; null where it is one record. */
  sourceLastOffset: number | null;
  /** Its CloudEvents type. */
  eventType: string | null;
  /** How often it was tried. */
  attempts: number;
  /** The input's value, sealed to the region's key. */
  sealed: Buffer;
  /** True where only the value's start is kept. */
  truncated: boolean;
  /** Class and code of the failure that its handler ended with; null where the stage decided. */
  cause: string | null;
  /** W3C trace context of the input. */
  traceparent: string | null;
}
