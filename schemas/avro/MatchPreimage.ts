// Generated from MatchPreimage.avsc by scripts/generate-avro-types.ts. Edit the schema, then run the script.

import type { RequestRef } from "./RequestRef.ts";

/** A part of what a match leaf's `preimage` digests, for a matching auditor. Sealed. */
export interface MatchPreimage {
  /** The request. */
  request: RequestRef;
  /** `partition-<n>-<k>`: the k-th part of the list of leaves that matched there; `blindings`: what re-randomised each group's commitment. */
  part: string;
  /** The part, canonical JSON with its salt. */
  text: string;
}
