// Generated from AnchoredLeaf.avsc by scripts/generate-avro-types.ts. Edit the schema, then run the script.

/** A leaf of the log, with its inclusion under an anchored root. */
export interface AnchoredLeaf {
  /** Log id, the origin of its checkpoints. */
  log: string;
  /** Place in the log, from 0. */
  index: number;
  /** What its kind of evidence calls it: `seed`, `match` or `spend`, for instance. */
  kind: string;
  /** The request that it is about; null for a seed. */
  requestDigest: string | null;
  /** The leaf's bytes, as UTF-8. Its hash is SHA-256 of a zero byte and these (RFC 6962). */
  text: string;
  /** Leaves under the root. */
  size: number;
  /** Root of the log at that size, 64 hex digits. */
  root: string;
  /** Inclusion proof, RFC 6962 section 2.1.1, leaf side first; 64 hex digits each. */
  proof: string[];
  /** Signed checkpoint of that size (C2SP tlog-checkpoint). */
  checkpoint: string;
  /** Chain that holds the anchor. */
  chainId: number;
  /** AnchorRegistry contract, 0x address. */
  contract: string;
  /** Address whose state in the contract is this log's. */
  anchorer: string;
  /** Hash of the anchoring transaction. */
  transaction: string;
  /** Block of the transaction. */
  block: number;
}
