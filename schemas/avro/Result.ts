// Generated from Result.avsc by scripts/generate-avro-types.ts. Edit the schema, then run the script.

import type { Answer } from "./Answer.ts";

/** The one result or error of a request, as the Core Broker reads it. */
export interface Result {
  /** The id the broker chose. */
  requestId: string;
  /** Digest of the request document, or of the record where it is unsigned: match on this. */
  requestDigest: string;
  /** The tenant that asked. */
  tenant: string;
  /** `provisional`: answered, evidence follows once the spend is anchored; `refused`: see code. */
  status: string;
  /** Stable error code of a refusal, see docs/errors.md. */
  code: string | null;
  /** What was wrong and what to do. */
  message: string | null;
  /** The answer; null in a refusal. */
  answer: Answer | null;
  /** The result credential; null in a refusal. */
  credential: string | null;
  /** Hash of the log leaf that commits to what was matched; null in a refusal. */
  matchLeaf: string | null;
  /** Hash of the log leaf of the spend that paid; null in a refusal. */
  spendLeaf: string | null;
  /** Topic on which the evidence bundle appears once the spend is anchored; null in a refusal. */
  evidence: string | null;
  /** Digest of the request whose bundle that is: this one's, or the first of the same question; null in a refusal. */
  evidenceFor: string | null;
  /** True where no admitted party signed the record that is answered: requestDigest is the record's own, and no request is closed by it. */
  unsigned: boolean;
  /** About how many seconds it takes, as things stand, until the answer's proofs are made; its bundle follows with the next anchor. Null where no evidence of its own follows, and where nothing is known. Not signed. */
  evidenceSeconds: number | null;
}
