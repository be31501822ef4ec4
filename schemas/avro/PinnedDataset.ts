// Generated from PinnedDataset.avsc by scripts/generate-avro-types.ts. Edit the schema, then run the script.

import type { CommittedColumn } from "./CommittedColumn.ts";

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
  /** The provider's detached JWS over this head. */
  signature: string;
  /** The dataset's declared columns, in order. */
  columns: CommittedColumn[];
}
