// Generated from Answer.avsc by scripts/generate-avro-types.ts. Edit the schema, then run the script.

import type { AnswerGroup } from "./AnswerGroup.ts";

/** What the broker asked for, noised. */
export interface Answer {
  /** In the order of the question. */
  groups: AnswerGroup[];
  /** Probability, a fraction, with which each interval holds the exact value. */
  confidence: string;
  /** Privacy loss of this answer. */
  epsilonSpent: string;
  /** What the population may still spend now. */
  epsilonLeft: string;
}
