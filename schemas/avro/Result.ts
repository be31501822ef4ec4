// Generated from Result.avsc by scripts/generate-avro-types.ts. Edit the schema, then run the script.

import type { Answer } from "./Answer.ts";

/** The one result or error of a request, as the Core Broker reads it. */
export interface Result {
  /** The id the broker chose. */
  requestId: string;
  /** Digest of the request document: match on this. */
  requestDigest: string;
  /** The tenant that asked. */
  tenant: string;
  /** `provisional`: answered, spend not yet anchored; `final`: anchored; `refused`: see code. */
  status: string;
  /** Stable error code of a refusal, see docs/errors.md. */
  code: string | null;
  /** What was wrong and what to do. */
  message: string | null;
  /** The answer; null in a refusal. */
  answer: Answer | null;
  /** The result credential; null in a refusal. */
  credential: string | null;
  /** Anchored commitment of the noise seed; null until seeds are anchored. */
  seedCommitment: string | null;
  /** Commitment to the aggregate; null until records are committed. */
  commitment: string | null;
  /** Proof of the release; null until the zkp stage exists. */
  proof: string | null;
  /** Where the evidence bundle lies; null until the evidence stage exists. */
  evidence: string | null;
}
