// Generated from MatchQuestion.avsc by scripts/generate-avro-types.ts. Edit the schema, then run the script.

import type { Plan } from "./Plan.ts";
import type { RequestRef } from "./RequestRef.ts";

/** An approved question, sent to every psi partition. */
export interface MatchQuestion {
  /** The request. */
  request: RequestRef;
  /** The request document. */
  document: string;
  /** What to compute. */
  plan: Plan;
}
