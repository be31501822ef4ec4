// Generated from Notice.avsc by scripts/generate-avro-types.ts. Edit the schema, then run the script.

/** What the connector tells one provider about its own batch, and nobody else. */
export interface Notice {
  /** The provider. */
  provider: string;
  /** Collaboration id. */
  collaboration: string;
  /** Dataset id. */
  dataset: string;
  /** Sequence number of the batch. */
  batch: number;
  /** `accepted`, `rejected` or `relay-rejected`. */
  kind: string;
  /** Why it was rejected, see docs/errors.md. */
  code: string | null;
  /** What was wrong and what to do. */
  message: string | null;
  /** Indices within the batch that were at fault, from 0. */
  rows: number[];
}
