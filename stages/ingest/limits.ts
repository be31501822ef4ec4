/**
 * What a provider may push: at most one live record per token, at most so many records, and at most so many changes a
 * day. They bound how many guesses a provider can try on another's data by pushing sets of its choice.
 */
import type { Limits } from "../../schemas/json/collaboration.ts";
import { RejectedBatch } from "./rejected-batch.ts";

const DAY_MS = 86_400_000;

/** Changes within one UTC day of the broker's clock. */
export interface Churn {
  readonly day: number;
  readonly changes: number;
}

/**
 * How many of a batch's tokens are new to the dataset. `pushOf` says which push last wrote a token.
 * Throws DUPLICATE_TOKEN with the rows whose token the same push has written already; an earlier push's is updated.
 */
export function countAdditions(
  tokens: readonly string[],
  push: string,
  pushOf: (token: string) => string | undefined,
): number {
  const seen = new Set<string>();
  const duplicates: number[] = [];
  let additions = 0;
  for (const [row, token] of tokens.entries()) {
    const writer = seen.has(token) ? push : pushOf(token);
    if (writer === push) duplicates.push(row);
    if (writer === undefined) additions++;
    seen.add(token);
  }
  if (duplicates.length === 0) return additions;
  throw new RejectedBatch("DUPLICATE_TOKEN", "A person stands more than once in the push.", duplicates);
}

/** The dataset's size after the batch. Throws DATASET_TOO_LARGE. */
export function growDataset(records: number, additions: number, limits: Limits): number {
  if (records + additions <= limits.records) return records + additions;
  throw new RejectedBatch(
    "DATASET_TOO_LARGE",
    "The dataset would have more records than the collaboration allows.",
  );
}

/**
 * The day's changes after the batch; every record of a batch is one, whether it adds or updates, the first fill too.
 * `time` is the broker's, in milliseconds; one that goes back counts towards the latest day. Throws CHURN_LIMIT.
 */
export function spendChurn(churn: Churn | undefined, time: number, changes: number, limits: Limits): Churn {
  const today = Math.floor(time / DAY_MS);
  const day = Math.max(today, churn?.day ?? today);
  const spent = (churn?.day === day ? churn.changes : 0) + changes;
  if (spent <= limits.changesPerDay) return { day, changes: spent };
  throw new RejectedBatch(
    "CHURN_LIMIT",
    "The dataset would change more than the collaboration allows in a day.",
  );
}
