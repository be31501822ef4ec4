/**
 * What read_committed hides of a fetch, as Kafka's own client has it (KIP-98; Fetcher, `containsAbortMarker`). kafkajs 2.2.4
 * lets aborted records through: it opens one aborted transaction a message, in the order in which they are listed, so a
 * fetch that starts inside two of them shows records of the second; and it takes a record whose key is four zero bytes
 * for the end of one.
 */

/** As much of a decoded record as this looks at. */
export interface FetchedMessage {
  readonly offset: string;
  readonly key: Buffer | null;
  readonly batchContext: { readonly producerId: string; readonly inTransaction: boolean };
  /** kafkajs passes nothing on where this is true, and counts its offset all the same. */
  isControlRecord: boolean;
}

export interface FetchedPartition {
  readonly messages: readonly FetchedMessage[];
  /** Null where the fetch was not read_committed. */
  abortedTransactions: readonly { readonly producerId: string; readonly firstOffset: string }[] | null;
}

/** Marks the records of aborted transactions as such that are passed over, and leaves kafkajs nothing to filter. */
export function hideAborted(partition: FetchedPartition): void {
  const aborted = [...(partition.abortedTransactions ?? [])]
    .map(({ producerId, firstOffset }) => ({ producerId, firstOffset: BigInt(firstOffset) }))
    .sort((one, other) => (one.firstOffset < other.firstOffset ? -1 : 1));
  partition.abortedTransactions = [];
  const open = new Set<string>();
  let next = 0;
  for (const message of partition.messages) {
    const offset = BigInt(message.offset);
    for (
      let begun = aborted[next];
      begun !== undefined && begun.firstOffset <= offset;
      begun = aborted[next]
    ) {
      open.add(begun.producerId);
      next += 1;
    }
    const { producerId, inTransaction } = message.batchContext;
    if (message.isControlRecord) {
      if (isAbortMarker(message)) open.delete(producerId);
    } else if (inTransaction && open.has(producerId)) message.isControlRecord = true;
  }
}

/** A control record's key: version and type, 16 bits each; type 0 aborts, 1 commits. */
const isAbortMarker = ({ key }: FetchedMessage): boolean =>
  key !== null && key.length >= 4 && key.readInt16BE(2) === 0;
