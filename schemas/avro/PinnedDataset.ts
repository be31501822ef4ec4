// Generated from PinnedDataset.avsc by scripts/generate-avro-types.ts. Edit the schema, then run the script.

/** A dataset's state that a question is answered as of. */
export interface PinnedDataset {
  /** Provider id. */
  provider: string;
  /** Dataset id. */
  dataset: string;
  /** Sequence number of the last batch, from 1. */
  sequence: number;
  /** Lowercase hex SHA-256 of the last signed batch header. */
  head: string;
}
