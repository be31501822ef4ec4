// Generated from Cell.avsc by scripts/generate-avro-types.ts. Edit the schema, then run the script.

/** Exact statistics of one group. Sealed wherever it crosses a topic. */
export interface Cell {
  /** Index into the plan's groupings. */
  grouping: number;
  /** Index into the grouping's categories. */
  category: number;
  /** One exact value per statistic of the plan. */
  values: number[];
}
