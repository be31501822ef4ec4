// Generated from population.schema.json by scripts/generate-json-types.ts. Edit the schema, then run the script.

/**
 * The people whom datasets are about, where they may be answered about, and their one privacy budget, signed by every provider of a dataset.
 */
export interface Population {
  type: "pavilion/population";
  /**
   * Stable id.
   */
  id: string;
  /**
   * One higher with every change; a version never changes.
   */
  version: number;
  /**
   * SHA-256 of the version before, in hexadecimal digits; null in version 1.
   */
  previous: string | null;
  /**
   * Where the data must stay.
   */
  jurisdiction: string;
  /**
   * The regions that hold the data and answer, each with its keys and its share of the budget.
   *
   * @minItems 1
   * @maxItems 8
   */
  homes: Home[];
  /**
   * Every dataset about these people. A dataset belongs to one population, for ever.
   *
   * @minItems 1
   * @maxItems 256
   */
  datasets: PopulationDataset[];
  budget: PopulationBudget;
}
/**
 * A region that holds the data and answers.
 */
export interface Home {
  /**
   * Region.
   */
  region: string;
  /**
   * HPKE key that records are sealed to: a P-256 point, uncompressed, base64url.
   */
  sealingKey: string;
  /**
   * Ed25519 key of its log, raw, base64url.
   */
  logKey: string;
  share: Share;
}
/**
 * What this home may spend of the budget.
 */
export interface Share {
  /**
   * Most ε that is ever spent, an exact fraction such as 10 or 5/2.
   */
  epsilon: string;
  /**
   * Most δ that is ever spent, an exact fraction below one such as 1/1000000000.
   */
  delta: string;
  /**
   * What is spent within each sliding window of days, all of which hold.
   *
   * @minItems 1
   * @maxItems 8
   */
  windows: ShareWindow[];
}
/**
 * Most that is spent within so many days.
 */
export interface ShareWindow {
  /**
   * Length of the sliding window in days.
   */
  days: number;
  /**
   * Most ε within it.
   */
  epsilon: string;
  /**
   * Most δ within it.
   */
  delta: string;
}
/**
 * A dataset: its provider's key and its id.
 */
export interface PopulationDataset {
  /**
   * Provider id.
   */
  provider: string;
  /**
   * The provider's Ed25519 identity key, raw, base64url.
   */
  key: string;
  /**
   * Dataset id.
   */
  dataset: string;
}
/**
 * Privacy loss that these people may ever bear, over all collaborations and tenants.
 */
export interface PopulationBudget {
  /**
   * Most ε that is ever spent, an exact fraction such as 10 or 5/2.
   */
  epsilon: string;
  /**
   * Most δ that is ever spent, an exact fraction below one such as 1/1000000000.
   */
  delta: string;
  /**
   * What is spent within each sliding window of days, all of which hold.
   *
   * @minItems 1
   * @maxItems 8
   */
  windows: PopulationBudgetWindow[];
}
/**
 * Most that is spent within so many days.
 */
export interface PopulationBudgetWindow {
  /**
   * Length of the sliding window in days.
   */
  days: number;
  /**
   * Most ε within it.
   */
  epsilon: string;
  /**
   * Most δ within it.
   */
  delta: string;
}
