/**
 * The body of a Fetch response, version 11 (Kafka's protocol guide), as kafkajs's consumer takes it, its records decoded by
 * record-batch.ts. The frame around them is the broker's own word: where it is none, this throws.
 */
import { fetchBytesMax } from "./bounds.ts";
import { decodeBatches, type Allowance, type DecodedRecord } from "./record-batch.ts";

/** The one version that is decoded: of Kafka 2.3, and the last that kafkajs asks for. */
export const fetchVersion = 11;

export interface FetchRequest {
  readonly topics: readonly {
    readonly topic: string;
    readonly partitions: readonly { readonly partition: number; readonly fetchOffset: string }[];
  }[];
}

interface FetchedPartition {
  readonly partition: number;
  readonly errorCode: number;
  readonly highWatermark: string;
  readonly lastStableOffset: string;
  readonly lastStartOffset: string;
  readonly abortedTransactions: { readonly producerId: string; readonly firstOffset: string }[];
  readonly preferredReadReplica: number;
  readonly messages: DecodedRecord[];
}

export interface FetchResponse {
  /** Zero: the waiting is the client's, by the other member. */
  readonly throttleTime: number;
  readonly clientSideThrottleTime: number;
  readonly errorCode: number;
  readonly sessionId: number;
  readonly responses: { readonly topicName: string; readonly partitions: FetchedPartition[] }[];
}

export function decodeFetch(body: Buffer, request: FetchRequest): FetchResponse {
  const reader = new Reader(body);
  const starts = new Map(
    request.topics.flatMap(({ topic, partitions }) =>
      partitions.map(({ partition, fetchOffset }) => [placeOf(topic, partition), BigInt(fetchOffset)]),
    ),
  );
  const allowance = { left: fetchBytesMax };
  const readings: Reading[] = [];
  const response = {
    throttleTime: 0,
    clientSideThrottleTime: reader.int32(),
    errorCode: reader.int16(),
    sessionId: reader.int32(),
    responses: reader.list(() => {
      const topicName = reader.text();
      const partitions = reader.list(() => {
        const startOf = (partition: number): bigint => starts.get(placeOf(topicName, partition)) ?? 0n;
        const { partition, batches } = readPartition(reader, startOf, allowance);
        readings.push({ into: partition.messages, batches });
        return partition;
      });
      return { topicName, partitions };
    }),
  };
  decodeInTurns(readings);
  return response;
}

interface Reading {
  readonly into: DecodedRecord[];
  readonly batches: Iterator<DecodedRecord[], void>;
}

/** A batch of each partition in turn, so that what unfolds in one leaves room for the others. */
function decodeInTurns(readings: readonly Reading[]): void {
  for (let left = readings; left.length > 0;) {
    left = left.filter(({ into, batches }) => {
      const next = batches.next();
      if (next.done === true) return false;
      for (const record of next.value) into.push(record);
      return true;
    });
  }
}

const placeOf = (topic: string, partition: number): string => `${topic}/${String(partition)}`;

function readPartition(
  reader: Reader,
  startOf: (partition: number) => bigint,
  allowance: Allowance,
): { readonly partition: FetchedPartition; readonly batches: Iterator<DecodedRecord[], void> } {
  const number = reader.int32();
  const errorCode = reader.int16();
  const end = reader.int64();
  const partition = {
    partition: number,
    errorCode,
    highWatermark: String(end),
    lastStableOffset: String(reader.int64()),
    lastStartOffset: String(reader.int64()),
    abortedTransactions: reader.list(() => ({
      producerId: String(reader.int64()),
      firstOffset: String(reader.int64()),
    })),
    preferredReadReplica: reader.int32(),
    messages: [],
  };
  return { partition, batches: decodeBatches(reader.bytes(), { from: startOf(number), end }, allowance) };
}

class Reader {
  readonly #body: Buffer;
  #at = 0;

  constructor(body: Buffer) {
    this.#body = body;
  }

  int16(): number {
    this.#at += 2;
    return this.#body.readInt16BE(this.#at - 2);
  }

  int32(): number {
    this.#at += 4;
    return this.#body.readInt32BE(this.#at - 4);
  }

  int64(): bigint {
    this.#at += 8;
    return this.#body.readBigInt64BE(this.#at - 8);
  }

  text(): string {
    return this.#take(this.int16()).toString();
  }

  /** None where the length is -1. */
  bytes(): Buffer {
    return this.#take(this.int32());
  }

  list<T>(read: () => T): T[] {
    const items: T[] = [];
    for (let left = this.int32(); left > 0; left--) items.push(read());
    return items;
  }

  #take(length: number): Buffer {
    const start = this.#at;
    this.#at += Math.max(0, length);
    if (this.#at > this.#body.length) throw new RangeError("the fetch's response ends early");
    return this.#body.subarray(start, this.#at);
  }
}
