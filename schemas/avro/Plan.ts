// Generated from Plan.avsc by scripts/generate-avro-types.ts. Edit the schema, then run the script.

import type { BudgetWindow } from "./BudgetWindow.ts";
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
  /** The population whose budget pays. */
  population: string;
  /** Jurisdiction of the ledger. */
  jurisdiction: string;
  /** Privacy loss of the whole question, an exact fraction such as `1/2`. */
  epsilon: string;
  /** Most ε the population ever bears at this home, a fraction. */
  budgetTotal: string;
  /** Most ε within the first window; budgetWindows has all. */
  budgetWindow: string;
  /** Length of the first window in days. */
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
  /** The population's home that answers. */
  home: string;
  /** Version of the population's document that pays; 0 in a plan from before there were any. */
  populationVersion: number;
  /** Digest of that document. */
  populationDigest: string;
  /** Most δ the population ever bears at this home, a fraction. */
  budgetDelta: string;
  /** Every window of its budget at this home. */
  budgetWindows: BudgetWindow[];
  /** Accounts from before the population was a document, which its first spend takes over. */
  carried: string[];
}
