// Generated from withheld-leaf.schema.json by scripts/generate-json-types.ts. Edit the schema, then run the script.

/**
 * Log leaf: a part of a population's budget counts as spent, since it may have been before the region was put back from a backup.
 */
export interface WithheldLeaf {
  type: "pavilion/withheld-leaf";
  /**
   * The home that answers, whose log this is.
   */
  home: string;
  /**
   * Population whose budget it is.
   */
  population: string;
  /**
   * Digest of the version of the population's document that says how large the budget is.
   */
  document: string;
  /**
   * Number of the entry in the ledger, from 1.
   */
  sequence: number;
  /**
   * Hash of the population's previous leaf in the ledger; null for the first.
   */
  previous: string | null;
  /**
   * Privacy loss that counts as spent; may be 0.
   */
  epsilon: string;
  /**
   * The δ that counts as spent beside it; may be 0.
   */
  delta: string;
  /**
   * Running total of ε of the population at this home.
   */
  total: string;
  /**
   * Running total of δ.
   */
  deltaTotal: string;
  /**
   * In the population's first entry: what was spent before its first document, and counts in the totals from here on. Empty in every other.
   *
   * @maxItems 1024
   */
  carried: CarriedAccount[];
  /**
   * The restoring that it is counted for.
   */
  restore: string;
  /**
   * 256 bits that keep the leaf from being guessed.
   */
  salt: string;
}
/**
 * An account of the ledger as it was before populations were documents.
 */
export interface CarriedAccount {
  /**
   * Name of the account.
   */
  population: string;
  /**
   * Number of its last spend.
   */
  sequence: number;
  /**
   * What it had spent.
   */
  epsilon: string;
  /**
   * At most what its spends' δ came to, which was not kept then.
   */
  delta: string;
  /**
   * Hash of the leaf of its last spend.
   */
  leaf: string | null;
}
