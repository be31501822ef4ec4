/**
 * Where records go: to the psi partition of their token's prefix, the same for every dataset of the epoch, so that
 * records of one person meet.
 */
import type { MatchRecord, SliceRecord } from "../../schemas/avro/index.ts";

/** First two bytes of the token, big-endian, modulo the number of partitions (1 to 1024). */
function partitionOf(token: Uint8Array, partitions: number): number {
  const [first = 0, second = 0] = token;
  return (first * 256 + second) % partitions;
}

/** One list for every partition, empty ones too: each partition learns that the batch has ended. */
export function sliceByPartition(records: readonly MatchRecord[], partitions: number): SliceRecord[][] {
  const slices = Array.from({ length: partitions }, (): SliceRecord[] => []);
  for (const [row, record] of records.entries()) {
    slices[partitionOf(record.token, partitions)]?.push({ ...record, row });
  }
  return slices;
}
