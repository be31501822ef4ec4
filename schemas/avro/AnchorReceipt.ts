// Generated from AnchorReceipt.avsc by scripts/generate-avro-types.ts. Edit the schema, then run the script.

import type { RequestRef } from "./RequestRef.ts";

/** Where a request's leaves stand once its spend is anchored. */
export interface AnchorReceipt {
  /** The request. */
  request: RequestRef;
  /** Member `log` of the evidence bundle, canonical JSON. */
  text: string;
}
