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
  /** Id of the push that the batch is of; empty where the document could not be read or names none. */
  push: string;
  /** SHA-256, hex, of the batch's document as it came: which message this is about, whatever it holds. */
  document: string;
}
