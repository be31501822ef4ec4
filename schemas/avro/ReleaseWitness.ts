// Generated from ReleaseWitness.avsc by scripts/generate-avro-types.ts. Edit the schema, then run the script.

import type { Cell } from "./Cell.ts";
import type { Plan } from "./Plan.ts";
import type { ReleasedCell } from "./ReleasedCell.ts";
import type { RequestRef } from "./RequestRef.ts";

/** What the proof of a release needs to know. Sealed. */
export interface ReleaseWitness {
  /** The request. */
  request: RequestRef;
  /** What was computed. */
  plan: Plan;
  /** Exact sums, with the blindings of the re-randomised commitments. */
  exact: Cell[];
  /** The noised statistics that left, in the same order. */
  released: ReleasedCell[];
  /** Hash of the match leaf, 64 hex digits. */
  matchLeaf: string;
}
