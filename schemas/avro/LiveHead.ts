// Generated from LiveHead.avsc by scripts/generate-avro-types.ts. Edit the schema, then run the script.

/** The head that is live of a provider's dataset, told to that provider: whatever its agent remembers, it goes on from here. */
export interface LiveHead {
  /** Collaboration id. */
  collaboration: string;
  /** Matching epoch. */
  epoch: number;
  /** Provider id. */
  provider: string;
  /** Dataset id. */
  dataset: string;
  /** Sequence number of the last accepted batch. */
  sequence: number;
  /** Digest of its manifest. */
  head: string;
  /** True when it is its push's last batch. */
  complete: boolean;
  /** Detached JWS by the provider over the dataset head: the provider takes nothing for its own that it has not signed. */
  signature: string;
  /** Id of the push that the batch is of. */
  push: string;
}
