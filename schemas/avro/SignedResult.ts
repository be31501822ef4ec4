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
  /** Hash of the log leaf that commits to what was matched. */
  matchLeaf: string;
  /** Hash of the log leaf of the spend that paid. */
  spendLeaf: string;
  /** The first request of the same question over the same data, whose answer this is; null for a fresh answer. */
  repeats: RequestRef | null;
}
