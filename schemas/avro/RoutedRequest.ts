// Generated from RoutedRequest.avsc by scripts/generate-avro-types.ts. Edit the schema, then run the script.

import type { RequestRef } from "./RequestRef.ts";
import type { SeedRef } from "./SeedRef.ts";

/** A verified request, accepted in its home region. */
export interface RoutedRequest {
  /** The request. */
  request: RequestRef;
  /** The request document. */
  document: string;
  /** The broker's signature over it. */
  signature: string;
  /** The noise seed that the request names. */
  seed: SeedRef;
}
