// Generated from PartialAggregate.avsc by scripts/generate-avro-types.ts. Edit the schema, then run the script.

import type { Cell } from "./Cell.ts";
import type { Plan } from "./Plan.ts";
import type { RequestRef } from "./RequestRef.ts";

/** One psi partition's share of the aggregate. Sealed. */
export interface PartialAggregate {
  /** The request. */
  request: RequestRef;
  /** The request document. */
  document: string;
  /** What was computed. */
  plan: Plan;
  /** The psi partition that answers. */
  partition: number;
  /** How many were asked. */
  partitions: number;
  /** Every group of every grouping, zeros included. */
  cells: Cell[];
  /** Digest of this partition's salted list of matched leaves. */
  preimage: string;
}
