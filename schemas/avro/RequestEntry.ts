// Generated from RequestEntry.avsc by scripts/generate-avro-types.ts. Edit the schema, then run the script.

import type { RequestRef } from "./RequestRef.ts";

/** A signed request and how it ended, for the operator's list and that of each provider whose data it was about. Holds no answer and no count. */
export interface RequestEntry {
  /** The request: who asked, for whom, in which collaboration. */
  request: RequestRef;
  /** The signed request document: question, purpose, legal basis, epsilon, when it was issued. */
  document: string;
  /** `answered` or `refused`. */
  status: string;
  /** Error code of a refusal, see docs/errors.md. */
  code: string | null;
  /** What the answer cost the population; null in a refusal. */
  epsilonSpent: string | null;
}
