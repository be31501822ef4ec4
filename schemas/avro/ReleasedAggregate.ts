// Generated from ReleasedAggregate.avsc by scripts/generate-avro-types.ts. Edit the schema, then run the script.

import type { Plan } from "./Plan.ts";
import type { ReleasedCell } from "./ReleasedCell.ts";
import type { RequestRef } from "./RequestRef.ts";
import type { Spend } from "./Spend.ts";

/** The noised aggregate and its spend. */
export interface ReleasedAggregate {
  /** The request. */
  request: RequestRef;
  /** The request document. */
  document: string;
  /** What was computed. */
  plan: Plan;
  /** Every group of every grouping. */
  cells: ReleasedCell[];
  /** Scale of the discrete Laplace noise per statistic, a fraction. */
  scales: string[];
  /** The ledger entry that paid. */
  spend: Spend;
  /** Hash of the log leaf that commits to what was matched. */
  matchLeaf: string;
  /** Hash of the log leaf of the spend that paid. */
  spendLeaf: string;
  /** The first request of the same question over the same data, whose answer this is; null for a fresh answer. */
  repeats: RequestRef | null;
}
