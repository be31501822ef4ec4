// Generated from DatasetHead.avsc by scripts/generate-avro-types.ts. Edit the schema, then run the script.

/** A dataset's new head, sent to every compliance partition. */
export interface DatasetHead {
  /** Collaboration id. */
  collaboration: string;
  /** Matching epoch. */
  epoch: number;
  /** Provider id. */
  provider: string;
  /** Dataset id. */
  dataset: string;
  /** Sequence number of the last batch. */
  sequence: number;
  /** Hash of its signed header. */
  head: string;
  /** True when the push's last batch is in: only complete heads are pinned. */
  complete: boolean;
  /** Detached JWS by the provider over the dataset head. */
  signature: string;
}
