// Generated from Grouping.avsc by scripts/generate-avro-types.ts. Edit the schema, then run the script.

/** A partition of the matched people; one person is in exactly one of its categories. */
export interface Grouping {
  /** `total`, or the column's name. */
  name: string;
  /** Dataset of the grouping column; null for total. */
  dataset: string | null;
  /** Index of the grouping column; null for total. */
  column: number | null;
  /** Category labels, in the order of the column's domain, `other` last; one empty label for total. */
  categories: string[];
}
