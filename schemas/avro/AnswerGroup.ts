// Generated from AnswerGroup.avsc by scripts/generate-avro-types.ts. Edit the schema, then run the script.

import type { Estimate } from "./Estimate.ts";

/** The measures of one group. */
export interface AnswerGroup {
  /** `total`, or the grouping column's name. */
  grouping: string;
  /** The category; empty for total. */
  category: string;
  /** True where the group is too small to be told. */
  suppressed: boolean;
  /** Empty where suppressed. */
  estimates: Estimate[];
}
