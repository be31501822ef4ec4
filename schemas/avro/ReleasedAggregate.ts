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
  /** Anchored commitment of the noise seed; null until seeds are anchored. */
  seedCommitment: string | null;
  /** Commitment to the aggregate; null until records are committed. */
  commitment: string | null;
  /** Proof of the release; null until the zkp stage exists. */
  proof: string | null;
  /** Where the evidence bundle lies; null until the evidence stage exists. */
  evidence: string | null;
}
