// Generated from Plan.avsc by scripts/generate-avro-types.ts. Edit the schema, then run the script.

import type { Grouping } from "./Grouping.ts";
import type { PinnedDataset } from "./PinnedDataset.ts";
import type { SeedRef } from "./SeedRef.ts";
import type { Statistic } from "./Statistic.ts";

/** What a question computes, pinned by compliance: no later stage reads a table's latest. */
export interface Plan {
  /** Collaboration id. */
  collaboration: string;
  /** Its version. */
  version: number;
  /** The matching epoch. */
  epoch: number;
  /** The people whose privacy budget pays. */
  population: string;
  /** Jurisdiction of the ledger. */
  jurisdiction: string;
  /** Privacy loss of the whole question, an exact fraction such as `1/2`. */
  epsilon: string;
  /** Most privacy loss the population ever bears, a fraction. */
  budgetTotal: string;
  /** Most privacy loss within one window, a fraction. */
  budgetWindow: string;
  /** Length of the window in days. */
  budgetWindowDays: number;
  /** Groups whose noised count is below are suppressed. */
  minimumGroup: number;
  /** The datasets, in slot order, at pinned heads. */
  datasets: PinnedDataset[];
  /** In release order; `count` is always the first. */
  statistics: Statistic[];
  /** Each is charged its share of epsilon; categories within one compose in parallel. */
  groupings: Grouping[];
  /** SHA-256 of the policy that allowed it. */
  policyBundle: string;
  /** The noise seed that the request names. */
  seed: SeedRef;
}
