// Generated from BudgetWindow.avsc by scripts/generate-avro-types.ts. Edit the schema, then run the script.

/** Most privacy loss within a sliding window. */
export interface BudgetWindow {
  /** Length of the window in days. */
  days: number;
  /** Most ε within it, a fraction. */
  epsilon: string;
  /** Most δ within it, a fraction. */
  delta: string;
}
