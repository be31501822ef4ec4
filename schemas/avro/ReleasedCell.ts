// Generated from ReleasedCell.avsc by scripts/generate-avro-types.ts. Edit the schema, then run the script.

/** Noised statistics of one group. */
export interface ReleasedCell {
  /** Index into the plan's groupings. */
  grouping: number;
  /** Index into the grouping's categories. */
  category: number;
  /** True where the noised count is below the minimum group; values are then empty. */
  suppressed: boolean;
  /** One noised value per statistic; may be negative. */
  values: number[];
}
