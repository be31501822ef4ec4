/**
 * The chain of a dataset's batches: numbered from 1 without gaps for the whole epoch, each header naming the digest of
 * the one before. The last header's digest is the dataset's head.
 */
import type { RecordBatchHeader } from "../../schemas/json/record-batch.ts";
import { RejectedBatch } from "./rejected-batch.ts";

/** What is kept of a dataset, whatever its size. `records` is how many tokens it has: it reaches no message. */
export interface DatasetState {
  readonly sequence: number;
  readonly head: string;
  readonly records: number;
}

/**
 * `next` for the batch that follows the last accepted one; `repeated` for that last one itself, byte for byte, which a
 * provider that missed its notice sends again. Throws BATCH_OUT_OF_SEQUENCE for any other.
 */
export function placeInSequence(
  header: RecordBatchHeader,
  digest: string,
  last: DatasetState | undefined,
): "next" | "repeated" {
  if (last?.head === digest && last.sequence === header.sequence) return "repeated";
  const next = { sequence: (last?.sequence ?? 0) + 1, previous: last?.head ?? null };
  if (header.sequence === next.sequence && header.previous === next.previous) return "next";
  throw new RejectedBatch(
    "BATCH_OUT_OF_SEQUENCE",
    "The batch does not follow the dataset's last accepted one.",
  );
}
