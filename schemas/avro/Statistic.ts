// Generated from Statistic.avsc by scripts/generate-avro-types.ts. Edit the schema, then run the script.

/** One number computed per group before noise. Its exact value is a non-negative integer. */
export interface Statistic {
  /** Unique in the plan: `count`, `valid(dataset.column)` or `sum(dataset.column)`. */
  name: string;
  /** `count` (matched people), `valid` (of them, those with a value) or `sum` (of value minus lower bound). */
  kind: string;
  /** Dataset of the column; null for count. */
  dataset: string | null;
  /** Index of the column in the dataset's declared columns; null for count. */
  column: number | null;
  /** Declared lower bound of the column; 0 for count and valid. */
  lower: number;
  /** Most by which one person changes it: 1, or upper minus lower bound. */
  sensitivity: number;
}
