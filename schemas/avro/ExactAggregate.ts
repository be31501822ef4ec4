// Generated from ExactAggregate.avsc by scripts/generate-avro-types.ts. Edit the schema, then run the script.

import type { Cell } from "./Cell.ts";
import type { Plan } from "./Plan.ts";
import type { RequestRef } from "./RequestRef.ts";

/** The joined aggregate, before noise. Sealed. */
export interface ExactAggregate {
  /** The request. */
  request: RequestRef;
  /** The request document. */
  document: string;
  /** What was computed. */
  plan: Plan;
  /** Every group of every grouping. */
  cells: Cell[];
  /** Hash of the match leaf that commits to the cells, 64 hex digits. */
  matchLeaf: string;
}
