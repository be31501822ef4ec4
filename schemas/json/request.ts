// Generated from request.schema.json by scripts/generate-json-types.ts. Edit the schema, then run the script.

/**
 * A question, signed by the broker.
 */
export interface Request {
  type: "pavilion/request";
  /**
   * UUID, random.
   */
  id: string;
  /**
   * 128 random bits.
   */
  nonce: string;
  /**
   * Broker id.
   */
  broker: string;
  /**
   * Tenant on whose behalf it asks.
   */
  tenant: string;
  /**
   * The population's home that is to answer: a region that its document names.
   */
  home: string;
  /**
   * Collaboration id.
   */
  collaboration: string;
  /**
   * Its version, whose terms are asked under.
   */
  collaborationVersion: number;
  /**
   * Purpose of the question.
   */
  purpose: string;
  /**
   * Its legal basis.
   */
  legalBasis: string;
  /**
   * Privacy loss to spend, an exact fraction such as 1 or 1/2.
   */
  epsilon: string;
  question: Question;
  /**
   * When it was signed, UTC with milliseconds.
   */
  issuedAt: string;
  /**
   * Seconds after issuedAt by which a result or an error is due.
   */
  deadlineSeconds: number;
  /**
   * Anchored commitment of the noise seed to use, from config.seeds.
   */
  seedCommitment: string;
}
/**
 * What is asked.
 */
export interface Question {
  /**
   * What is measured.
   *
   * @minItems 1
   * @maxItems 8
   */
  measures: (CountMeasure | ColumnMeasure)[];
  /**
   * Each grouping takes an equal share of epsilon.
   *
   * @minItems 1
   * @maxItems 4
   */
  groupings: (TotalGrouping | ColumnGrouping)[];
}
/**
 * How many people.
 */
export interface CountMeasure {
  kind: "count";
}
/**
 * Mean, sum or population variance over those with a value; a variance takes a declared squares column of the same integer column.
 */
export interface ColumnMeasure {
  kind: "mean" | "sum" | "variance";
  of: ColumnReference;
}
/**
 * A declared column.
 */
export interface ColumnReference {
  dataset: string;
  column: string;
}
/**
 * Everybody in one group.
 */
export interface TotalGrouping {
  by: "total";
}
/**
 * One group for each category.
 */
export interface ColumnGrouping {
  by: ColumnReference1;
}
/**
 * A declared column.
 */
export interface ColumnReference1 {
  dataset: string;
  column: string;
}
