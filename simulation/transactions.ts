/**
 * A worker's transactions on the cluster in memory, in steps between which others go on: each step may fail before it has
 * its effect, or have it and lose its acknowledgement.
 */
import type { AddressedRecord } from "../runtime/kafka/emitted-record.ts";
import type { Placed, Transactions } from "../runtime/kafka/transactor.ts";
import type { Cluster, Producer } from "./cluster.ts";
import type { Process, Seams } from "./seams.ts";

export interface TransactionFaults {
  /** One step in so many fails, half of them after their effect; 0 for none. */
  readonly failOneIn: number;
}

/** What kafkajs throws where no answer comes. */
class ConnectionLost extends Error {
  readonly type = "CONNECTION_LOST";
}

export class SimulatedTransactions implements Transactions {
  readonly #cluster: Cluster;
  readonly #seams: Seams;
  readonly #process: Process;
  readonly #faults: () => TransactionFaults;
  readonly #producer: Producer;

  constructor(
    { cluster, seams, process }: { cluster: Cluster; seams: Seams; process: Process },
    id: string,
    faults: () => TransactionFaults,
  ) {
    this.#cluster = cluster;
    this.#seams = seams;
    this.#process = process;
    this.#faults = faults;
    this.#producer = { id, epoch: undefined, transaction: undefined };
  }

  async commit(records: readonly AddressedRecord[]): Promise<Placed> {
    await this.#step("begin", () => {
      this.#cluster.begin(this.#producer);
    });
    const half = this.#seams.choice.below(records.length + 1);
    for (const part of [records.slice(0, half), records.slice(half)]) {
      if (part.length === 0) continue;
      await this.#step("produce", () => {
        this.#cluster.produce(this.#producer, part);
      });
    }
    await this.#step("commit", () => {
      this.#cluster.commit(this.#producer);
    });
    return new Map();
  }

  discard(): Promise<void> {
    return Promise.resolve();
  }

  async #step(label: string, effect: () => void): Promise<void> {
    await this.#seams.pass(this.#process, label);
    const { choice } = this.#seams;
    const fails = choice.oneIn(this.#faults().failOneIn);
    if (fails && choice.oneIn(2)) throw new ConnectionLost(`${label} was not sent`);
    effect();
    if (fails) throw new ConnectionLost(`${label} was not acknowledged`);
  }
}
