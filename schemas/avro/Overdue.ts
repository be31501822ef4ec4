// Generated from Overdue.avsc by scripts/generate-avro-types.ts. Edit the schema, then run the script.

import type { RequestRef } from "./RequestRef.ts";

/** A request whose deadline passed without a result, put to the ledger, which alone can say that nothing was charged. */
export interface Overdue {
  /** The request. */
  request: RequestRef;
}
