// Generated from Refusal.avsc by scripts/generate-avro-types.ts. Edit the schema, then run the script.

import type { RequestRef } from "./RequestRef.ts";

/** A stage's decided no, on the way to the result stage. */
export interface Refusal {
  /** The request. */
  request: RequestRef;
  /** The stage that refused. */
  stage: string;
  /** Stable error code, see docs/errors.md. */
  code: string;
  /** What was wrong and what to do. Holds no value, identifier or count. */
  message: string;
  /** True where no admitted party signed the record that is refused: the digest is the record's own, and the refusal closes no request. */
  unsigned: boolean;
  /** The signed request document, where the request was refused before it was routed; null otherwise. */
  document: string | null;
}
