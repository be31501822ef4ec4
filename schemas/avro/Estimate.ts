// Generated from Estimate.avsc by scripts/generate-avro-types.ts. Edit the schema, then run the script.

/** One measure of one group. */
export interface Estimate {
  /** `count`, `mean(dataset.column)`, `sum(dataset.column)` or `variance(dataset.column)`. */
  measure: string;
  /** The noised value; null where the noise leaves none (a mean over a non-positive count). */
  value: number | null;
  /** Lower end of the interval that holds the exact value at the answer's confidence. */
  lower: number | null;
  /** Upper end. */
  upper: number | null;
}
