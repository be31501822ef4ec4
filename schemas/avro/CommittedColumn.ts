// Generated from CommittedColumn.avsc by scripts/generate-avro-types.ts. Edit the schema, then run the script.

/** A declared column as far as commitments and sums depend on it. */
export interface CommittedColumn {
  /** `integer` (squares too), `flag` or `category` (bins too). */
  kind: string;
  /** Least value; 0 for flags and categories. */
  lower: number;
  /** Greatest value; 1 for flags, the last index for categories. */
  upper: number;
  /** Whether a value may be absent. */
  nullable: boolean;
}
