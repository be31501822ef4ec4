/**
 * Kafka in memory, as far as a stage meets it: partitions with offsets and the broker's timestamps, transactions with
 * epochs and fencing, and read_committed up to the last stable offset.
 */
import type { Message } from "kafkajs";
import type { AddressedRecord } from "../runtime/kafka/emitted-record.ts";
import { partitionOf } from "../runtime/kafka/partitioner.ts";
import type { KafkaRecord } from "../runtime/kafka/wire/record.ts";

interface Transaction {
  /** Transactional id. */
  readonly id: string;
  state: "open" | "committed" | "aborted";
  /** Where its first record lies in each partition that it wrote to. */
  readonly first: Map<Stored[], number>;
}

/** A record without a message is a transaction's marker. */
interface Stored {
  readonly message: KafkaRecord | undefined;
  /** Undefined for what was written outside any transaction. */
  readonly transaction: Transaction | undefined;
}

/** What a producer that was fenced, or whose transaction the broker ended, is answered. */
class ProducerFenced extends Error {
  readonly type = "PRODUCER_FENCED";
}

/** One connection of a transactional id. */
export interface Producer {
  readonly id: string;
  epoch: number | undefined;
  transaction: Transaction | undefined;
}

/** How Kafka is to misbehave, in mutants; it never does otherwise. */
export interface Laxity {
  /** Earlier owners of a transactional id go on. */
  readonly unfenced?: true;
  /** Readers are shown aborted records, too. */
  readonly leaky?: true;
}

export class Cluster {
  readonly #partitionsOf: (address: string) => number;
  readonly #now: () => number;
  readonly #laxity: Laxity;
  readonly #topics = new Map<string, Stored[][]>();
  /** The newest of each transactional id. */
  readonly #epochs = new Map<string, number>();
  readonly #open = new Set<Transaction>();

  constructor(partitionsOf: (address: string) => number, now: () => number, laxity: Laxity = {}) {
    this.#partitionsOf = partitionsOf;
    this.#now = now;
    this.#laxity = laxity;
  }

  /** Writes outside any transaction, as outsiders do. */
  append(address: string, message: Message): void {
    this.#store(address, message, undefined);
  }

  /** The first time InitProducerId: fences earlier owners of the id and aborts what they left open. */
  begin(producer: Producer): void {
    const { id } = producer;
    if (producer.epoch === undefined || this.#laxity.unfenced === true) this.#abortAll(id);
    producer.epoch ??= (this.#epochs.get(id) ?? 0) + 1;
    this.#epochs.set(id, Math.max(producer.epoch, this.#epochs.get(id) ?? 0));
    this.#requireOwner(producer);
    producer.transaction = { id, state: "open", first: new Map() };
    this.#open.add(producer.transaction);
  }

  /** Throws ProducerFenced. */
  produce(producer: Producer, records: readonly AddressedRecord[]): void {
    const transaction = this.#requireOpen(producer);
    for (const { address, message } of records) this.#store(address, message, transaction);
  }

  /** Throws ProducerFenced. */
  commit(producer: Producer): void {
    this.#end(this.#requireOpen(producer), "committed");
  }

  /** Up to `most` records that read_committed shows from an offset on, and the offset after what was looked at. */
  read(
    address: string,
    partition: number,
    from: bigint,
    most: number,
  ): { messages: KafkaRecord[]; next: bigint } {
    const log = this.#topics.get(address)?.[partition] ?? [];
    const stable = this.stableEnd(address, partition);
    const messages: KafkaRecord[] = [];
    let next = from;
    for (; next < stable && messages.length < most; next++) {
      const stored = log[Number(next)];
      if (stored?.message !== undefined && this.#isShown(stored)) messages.push(stored.message);
    }
    return { messages, next };
  }

  /** The last stable offset: of the first record of a transaction that is open, or the end. */
  stableEnd(address: string, partition: number): bigint {
    const log = this.#topics.get(address)?.[partition] ?? [];
    const begun = [...this.#open].map(({ first }) => first.get(log) ?? log.length);
    return BigInt(Math.min(log.length, ...begun));
  }

  /** Whether a record stands committed there. */
  holds(address: string, partition: number, offset: bigint): boolean {
    const stored = this.#topics.get(address)?.[partition]?.[Number(offset)];
    return stored?.message !== undefined && isCommitted(stored);
  }

  /** Everything that was committed, partition by partition: what is, whatever readers were shown. */
  committed(address: string): { readonly partition: number; readonly message: KafkaRecord }[] {
    return (this.#topics.get(address) ?? []).flatMap((log, partition) =>
      log.flatMap(({ message, transaction }) =>
        message !== undefined && isCommitted({ transaction }) ? [{ partition, message }] : [],
      ),
    );
  }

  #isShown({ transaction }: Stored): boolean {
    return isCommitted({ transaction }) || this.#laxity.leaky === true;
  }

  #requireOwner(producer: Producer): void {
    if (this.#laxity.unfenced === true) return;
    if (this.#epochs.get(producer.id) !== producer.epoch) throw new ProducerFenced("another owner came");
  }

  #requireOpen(producer: Producer): Transaction {
    this.#requireOwner(producer);
    const { transaction } = producer;
    if (transaction?.state !== "open") throw new ProducerFenced("the transaction was ended");
    return transaction;
  }

  #abortAll(id: string): void {
    for (const transaction of [...this.#open]) if (transaction.id === id) this.#end(transaction, "aborted");
  }

  /** Markers follow in every partition that the transaction wrote to. */
  #end(transaction: Transaction, state: "committed" | "aborted"): void {
    transaction.state = state;
    this.#open.delete(transaction);
    for (const log of transaction.first.keys()) log.push({ message: undefined, transaction: undefined });
  }

  #store(address: string, message: Message, transaction: Transaction | undefined): void {
    const logs = this.#topics.get(address) ?? this.#create(address);
    const key = message.key === undefined || message.key === null ? null : Buffer.from(message.key);
    const partition = message.partition ?? (key === null ? 0 : partitionOf(key, logs.length));
    const log = logs[partition];
    if (log === undefined) throw new Error(`${address} has no partition ${String(partition)}`);
    const stored: KafkaRecord = {
      ...{ key, value: message.value === null ? null : Buffer.from(message.value) },
      ...{ timestamp: String(this.#now()), offset: String(log.length) },
      ...headersOf(message),
    };
    if (transaction?.first.has(log) === false) transaction.first.set(log, log.length);
    log.push({ message: stored, transaction });
  }

  #create(address: string): Stored[][] {
    const logs = Array.from({ length: this.#partitionsOf(address) }, (): Stored[] => []);
    this.#topics.set(address, logs);
    return logs;
  }
}

/** As Kafka hands them out. */
function headersOf(message: Message): Pick<KafkaRecord, "headers" | "headerCount" | "headerBytes"> {
  const headers = new Map<string, Buffer>();
  for (const [name, value] of Object.entries(message.headers ?? {})) {
    const first = Array.isArray(value) ? value[0] : value;
    if (first !== undefined) headers.set(name, Buffer.from(first));
  }
  const headerBytes = [...headers].reduce((sum, [name, { length }]) => sum + name.length + length, 0);
  return { headers, headerCount: headers.size, headerBytes };
}

const isCommitted = ({ transaction }: Pick<Stored, "transaction">): boolean =>
  transaction === undefined || transaction.state === "committed";
