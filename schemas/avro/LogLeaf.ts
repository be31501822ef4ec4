// Generated from LogLeaf.avsc by scripts/generate-avro-types.ts. Edit the schema, then run the script.

import type { RequestRef } from "./RequestRef.ts";

/** A leaf for the region's log. */
export interface LogLeaf {
  /** What its kind of evidence calls it: `seed`, `match` or `spend`, for instance. */
  kind: string;
  /** The request that it is about; null for a seed. */
  request: RequestRef | null;
  /** The leaf: canonical JSON with its salt; schemas/json/*-leaf.schema.json. A member `seed` names a noise seed by its commitment. */
  text: string;
  /** Whether the request's leaves are complete with it. Null of writers that do not say so: a spend completes. */
  completes: boolean | null;
}
