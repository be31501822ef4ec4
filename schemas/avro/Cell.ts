// Generated from Cell.avsc by scripts/generate-avro-types.ts. Edit the schema, then run the script.

/** Exact sums of one group. Sealed wherever it crosses a topic. */
export interface Cell {
  /** Index into the plan's groupings. */
  grouping: number;
  /** Index into the grouping's categories. */
  category: number;
  /** One exact sum per coordinate of the plan's datasets, slot by slot; see domain/statistics/coordinates.ts. */
  sums: number[];
  /** Sum of the records' blindings modulo the group order, 32 bytes big-endian; secret. */
  blinding: Buffer;
}
