// Generated from earlier-spend-leaf.schema.json by scripts/generate-json-types.ts. Edit the schema, then run the script.

/**
 * A spend leaf of the format before populations were documents of their own: read by audits of logs that began then.
 */
export interface EarlierSpendLeaf {
  type: "pavilion/spend-leaf";
  /**
   * Region of the log.
   */
  region: string;
  /**
   * Digest of the request.
   */
  request: string;
  /**
   * Population whose budget paid.
   */
  population: string;
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
   * Running total of the population.
   */
  total: string;
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
