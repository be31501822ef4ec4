// Generated from spend-leaf.schema.json by scripts/generate-json-types.ts. Edit the schema, then run the script.

/**
 * Log leaf: a request was charged to a population's ledger.
 */
export interface SpendLeaf {
  type: "pavilion/spend-leaf";
  /**
   * The home that answers, whose log this is.
   */
  home: string;
  /**
   * Digest of the request.
   */
  request: string;
  /**
   * Population whose budget paid.
   */
  population: string;
  /**
   * Digest of the version of the population's document that it was charged under.
   */
  document: string;
  /**
   * Number of the spend in the ledger, from 1.
   */
  sequence: number;
  /**
   * Hash of the population's previous spend leaf; null for the first.
   */
  previous: string | null;
  /**
   * Privacy loss charged.
   */
  epsilon: string;
  /**
   * The δ charged beside it.
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
   * In the population's first spend: what was spent before its first document, and counts in the totals from here on. Empty in every other.
   *
   * @maxItems 1024
   */
  carried: CarriedAccount[];
  /**
   * Hash of the match leaf that it paid for.
   */
  match: string;
  /**
   * Digest of the released groups.
   */
  released: string;
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
