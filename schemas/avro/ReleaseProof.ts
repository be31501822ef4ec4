// Generated from ReleaseProof.avsc by scripts/generate-avro-types.ts. Edit the schema, then run the script.

import type { Plan } from "./Plan.ts";
import type { RequestRef } from "./RequestRef.ts";

/** The proofs of a release. */
export interface ReleaseProof {
  /** The request. */
  request: RequestRef;
  /** What was computed. */
  plan: Plan;
  /** Member `release` of the evidence bundle, canonical JSON. */
  text: string;
}
