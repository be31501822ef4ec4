// Generated from RecordSlice.avsc by scripts/generate-avro-types.ts. Edit the schema, then run the script.

import type { SliceRecord } from "./SliceRecord.ts";

/** The records of one batch that fall in one psi partition, and the end-of-batch marker: every batch sends one to every partition. Sealed. */
export interface RecordSlice {
  /** Collaboration id. */
  collaboration: string;
  /** Matching epoch. */
  epoch: number;
  /** Dataset id. */
  dataset: string;
  /** The batch's sequence number. */
  sequence: number;
  /** The dataset's head after it. */
  head: string;
  /** May be empty. */
  records: SliceRecord[];
}
