// Generated from SignedResult.avsc by scripts/generate-avro-types.ts. Edit the schema, then run the script.

import type { Answer } from "./Answer.ts";
import type { RequestRef } from "./RequestRef.ts";

/** The answer and its credential, on the way to the result stage. */
export interface SignedResult {
  /** The request. */
  request: RequestRef;
  /** The answer. */
  answer: Answer;
  /** W3C VC 2.0 as a VC-JOSE compact JWS, typ `vc+jwt`, signed in the HSM. */
  credential: string;
  /** Anchored commitment of the noise seed; null until seeds are anchored. */
  seedCommitment: string | null;
  /** Commitment to the aggregate; null until records are committed. */
  commitment: string | null;
  /** Proof of the release; null until the zkp stage exists. */
  proof: string | null;
  /** Where the evidence bundle lies; null until the evidence stage exists. */
  evidence: string | null;
}
