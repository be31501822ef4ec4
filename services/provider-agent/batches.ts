/**
 * Cutting lists into batches. One size for all: a batch of 500 is some 100 kB of sealed records and their commitments and
 * never above 250 kB, under Kafka's limit of 900 kB a message, and is evaluated in a fraction of a second.
 */
export const BATCH_SIZE = 500;

/** The items in order, `BATCH_SIZE` at a time. */
export function inBatches<T>(items: readonly T[]): T[][] {
  const batches: T[][] = [];
  for (let start = 0; start < items.length; start += BATCH_SIZE) {
    batches.push(items.slice(start, start + BATCH_SIZE));
  }
  return batches;
}

/** A Fisher–Yates shuffle. `randomInt(n)` is uniform on 0 … n − 1. */
export function shuffle<T>(items: readonly T[], randomInt: (below: number) => number): T[] {
  const shuffled = [...items];
  for (let last = shuffled.length - 1; last > 0; last--) {
    const chosen = randomInt(last + 1);
    const [a, b] = [shuffled[last], shuffled[chosen]] as [T, T];
    shuffled[last] = b;
    shuffled[chosen] = a;
  }
  return shuffled;
}

/** A view of the same bytes, as Avro and Kafka take them. */
export const asBuffer = (bytes: Uint8Array): Buffer =>
  Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength);
