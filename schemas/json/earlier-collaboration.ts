// Generated from earlier-collaboration.schema.json by scripts/generate-json-types.ts. Edit the schema, then run the script.

/**
 * Purposes it may be asked for.
 *
 * @minItems 1
 */
export type Purposes = string[];
/**
 * Legal bases it may be asked on.
 *
 * @minItems 1
 */
export type LegalBases = string[];
/**
 * The participants, in slot order.
 *
 * @minItems 2
 * @maxItems 16
 */
export type Providers = Participant[];
/**
 * Who may ask.
 *
 * @minItems 1
 * @maxItems 64
 */
export type Brokers = Broker[];

/**
 * A collaboration of the format before populations were documents of their own: read as history, and no more asked under.
 */
export interface EarlierCollaboration {
  type: "pavilion/collaboration";
  /**
   * Stable id.
   */
  id: string;
  /**
   * One higher with every change; a version never changes.
   */
  version: number;
  /**
   * Home region of every dataset in it.
   */
  region: string;
  /**
   * Where the data must stay.
   */
  jurisdiction: string;
  /**
   * The people whose privacy budget pays; datasets of the same people share one.
   */
  population: string;
  /**
   * Date at which ages are taken.
   */
  referenceDate: string;
  purposes: Purposes;
  legalBases: LegalBases;
  matching: Matching;
  providers: Providers;
  budget: EarlierBudget;
  /**
   * Groups whose noised count is below are suppressed.
   */
  minimumGroup: number;
  brokers: Brokers;
}
/**
 * How records are matched.
 */
export interface Matching {
  /**
   * The provider that holds the OPRF key of the epoch.
   */
  sender: string;
  /**
   * Matching epoch.
   */
  epoch: number;
  /**
   * Psi partitions of the epoch; the region's partition count.
   */
  partitions: number;
}
/**
 * A provider and its dataset; its place in the list is its slot.
 */
export interface Participant {
  /**
   * Provider id.
   */
  id: string;
  /**
   * Ed25519 identity key, raw, base64url.
   */
  key: string;
  /**
   * Dataset id.
   */
  dataset: string;
  identifier: Identifier;
  /**
   * The columns that may be asked for; nothing else leaves the provider.
   *
   * @maxItems 32
   */
  columns: (IntegerColumn | FlagColumn | CategoryColumn | SquaresColumn | BinsColumn)[];
  limits: Limits;
}
/**
 * The column people are matched by.
 */
export interface Identifier {
  /**
   * Column of the provider's file.
   */
  source: string;
  /**
   * Applied in order, after Unicode NFKC.
   */
  normalisation: ("trim" | "lower-case" | "digits" | "alphanumeric")[];
}
/**
 * A whole number within declared bounds.
 */
export interface IntegerColumn {
  /**
   * Column name in questions.
   */
  name: string;
  kind: "integer";
  /**
   * Column of the provider's file.
   */
  source: string;
  /**
   * How the file's text becomes the number; ages are whole years from a YYYYMMDD birth date.
   */
  transform: "none" | "age-at-reference-date";
  /**
   * Least value.
   */
  lower: number;
  /**
   * Greatest value.
   */
  upper: number;
  /**
   * Whether a missing or unreadable value is kept as null; otherwise its row is rejected.
   */
  nullable: boolean;
}
/**
 * Yes or no.
 */
export interface FlagColumn {
  /**
   * Column name in questions.
   */
  name: string;
  kind: "flag";
  /**
   * Column of the provider's file.
   */
  source: string;
  /**
   * Texts that mean yes, compared trimmed and in lower case; every other text means no.
   *
   * @minItems 1
   */
  true: string[];
  /**
   * Whether an empty text is kept as null.
   */
  nullable: boolean;
}
/**
 * One of a declared domain.
 */
export interface CategoryColumn {
  /**
   * Column name in questions.
   */
  name: string;
  kind: "category";
  /**
   * Column of the provider's file.
   */
  source: string;
  /**
   * Categories, compared trimmed and in lower case.
   *
   * @minItems 1
   * @maxItems 64
   */
  domain: string[];
  /**
   * Category that takes every other text, blank ones too; the last index.
   */
  other: string;
}
/**
 * Squares of an integer column, computed from it: what a variance takes.
 */
export interface SquaresColumn {
  /**
   * Column name.
   */
  name: string;
  kind: "squares";
  /**
   * The integer column of the same dataset; each square is that of its value minus its lower bound.
   */
  of: string;
}
/**
 * Bins of an integer column, computed from it: what a histogram groups by.
 */
export interface BinsColumn {
  /**
   * Column name in questions.
   */
  name: string;
  kind: "bins";
  /**
   * The integer column of the same dataset.
   */
  of: string;
  /**
   * Where each bin after the first begins, growing; the first begins at the column's lower bound, the last ends at its upper.
   *
   * @minItems 1
   * @maxItems 63
   */
  edges: number[];
}
/**
 * Bounds on what the provider pushes.
 */
export interface Limits {
  /**
   * Most records in the dataset; OPRF evaluations in an epoch are bounded by four times that.
   */
  records: number;
  /**
   * Most records added or changed within a day.
   */
  changesPerDay: number;
}
/**
 * Privacy budget of the population.
 */
export interface EarlierBudget {
  /**
   * Most one question may spend.
   */
  epsilonPerQuestion: string;
  /**
   * Most that is ever spent.
   */
  epsilonTotal: string;
  /**
   * Most that is spent within one window.
   */
  epsilonPerWindow: string;
  /**
   * Length of the sliding window in days.
   */
  windowDays: number;
}
/**
 * Who may ask.
 */
export interface Broker {
  /**
   * Broker id.
   */
  id: string;
  /**
   * Ed25519 key, raw, base64url.
   */
  key: string;
  /**
   * Tenants it may ask for.
   *
   * @minItems 1
   */
  tenants: string[];
}
