// Generated from Statistic.avsc by scripts/generate-avro-types.ts. Edit the schema, then run the script.

/** One number computed per group before noise. Its exact value is a non-negative integer. */
export interface Statistic {
  /** Unique in the plan: `count`, `valid(dataset.column)`, `sum(dataset.column)` or `squares(dataset.column)`. */
  name: string;
  /** `count` (matched people), `valid` (of them, those with a value), `sum` (of value minus lower bound) or `squares` (the sum of its squares). */
  kind: string;
  /** Dataset of the column; null for count. */
  dataset: string | null;
  /** Index of the column in the dataset's declared columns; null for count. */
  column: number | null;
  /** Declared lower bound of the column; 0 for count, valid and squares. */
  lower: number;
  /** Most by which one person changes it: 1, upper minus lower bound, or its square. */
  sensitivity: number;
}
