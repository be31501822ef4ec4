// Generated from AnchorReceipt.avsc by scripts/generate-avro-types.ts. Edit the schema, then run the script.

import type { RequestRef } from "./RequestRef.ts";

/** Where a request's leaves stand, once they are complete and anchored. */
export interface AnchorReceipt {
  /** The request. */
  request: RequestRef;
  /** Canonical JSON: the `checkpoint`, the `leaves` in the log's order with their kinds, the `seed` that they name or null, and the `chain`; see domain/log/receipt.ts. Earlier versions wrote the member `log` of the evidence bundle. */
  text: string;
}
