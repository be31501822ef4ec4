// Generated from EvidenceQueue.avsc by scripts/generate-avro-types.ts. Edit the schema, then run the script.

import type { EvidenceShare } from "./EvidenceShare.ts";

/** Who waits for proofs in a partition, and how fast they go: told every second while somebody does, and once when nobody does any more. */
export interface EvidenceQueue {
  /** Who waits, in the order of turns; none that has nothing waiting. */
  shares: EvidenceShare[];
  /** How long the proofs of one answer took lately. */
  millisecondsEach: number;
}
