/**
 * One partition of a stage in a process of its own: the worker that runs on Kafka, fed from the cluster in memory as a
 * consumer feeds it.
 */
import type { KafkaRecord } from "../runtime/kafka/wire/record.ts";
import type { Asking } from "../runtime/contract/asking.ts";
import type { AnyStage } from "../runtime/contract/pipeline.ts";
import { PartitionWorker, type Feed, type WorkerContext } from "../runtime/kafka/partition-worker.ts";
import { changelogTopic, type TopicName } from "../schemas/topics.ts";
import type { Cluster } from "./cluster.ts";
import { addressesOf, type Owners } from "./owners.ts";
import type { Process, Seams } from "./seams.ts";

interface Source {
  readonly topic: TopicName;
  readonly owner?: string;
}

/** A stage, and how its pipeline tells askers. */
export interface Served {
  readonly stage: AnyStage;
  readonly asking: Asking;
}

interface Cursor {
  offset: bigint;
  paused: boolean;
}

export interface HostPlan {
  readonly context: Omit<WorkerContext<never, never>, "stage" | "asking">;
  readonly served: Served;
  readonly partition: number;
  readonly owners: Owners;
  readonly cluster: Cluster;
  readonly seams: Seams;
  readonly process: Process;
  /** Event ids are hidden from the worker. */
  readonly anonymous: boolean;
}

const fetchMost = 20;

export class Host implements Feed {
  readonly process: Process;
  readonly partition: number;
  readonly served: Served;
  readonly #plan: HostPlan;
  readonly #sources: ReadonlyMap<string, Source>;
  readonly #cursors = new Map<string, Cursor>();
  readonly #changelog: string;
  readonly #worker: PartitionWorker<never, never>;

  constructor(plan: HostPlan) {
    const { context, served, partition, owners, cluster, seams, process } = plan;
    const { stage } = served;
    this.#plan = plan;
    this.process = process;
    this.partition = partition;
    this.served = served;
    this.#sources = new Map(
      stage.inputs.flatMap(({ topic }) =>
        addressesOf(context.region, topic, owners).map(({ address, ...source }): [string, Source] => [
          address,
          { topic, ...source },
        ]),
      ),
    );
    this.#changelog = changelogTopic(context.region, stage.name);
    this.#cursors.set(this.#changelog, { offset: 0n, paused: true });
    for (const address of this.addresses) {
      // The group's offsets are told now and then, and not with what came of the inputs: a consumer may begin anywhere.
      const end = Number(cluster.stableEnd(address, partition));
      this.#cursors.set(address, { offset: BigInt(seams.choice.below(end + 1)), paused: false });
    }
    this.#worker = new PartitionWorker({ ...context, ...served }, partition, this);
  }

  get addresses(): string[] {
    return [...this.#sources.keys()];
  }

  /** Topics from which something can be fetched. */
  get fetchable(): string[] {
    return [...this.#cursors]
      .filter(([address, { offset, paused }]) => {
        return !paused && offset < this.#plan.cluster.stableEnd(address, this.partition);
      })
      .map(([address]) => address);
  }

  /** Hands over what stands next in a topic, now and then from a bit further back: what came once may come again. */
  fetch(address: string, rewinds: boolean): void {
    const { cluster, seams } = this.#plan;
    const cursor = this.#cursors.get(address);
    if (cursor === undefined) throw new Error(`${address} is not fetched`);
    const source = this.#sources.get(address);
    if (rewinds && source !== undefined)
      cursor.offset = BigInt(seams.choice.below(Number(cursor.offset) + 1));
    const { messages, next } = cluster.read(
      address,
      this.partition,
      cursor.offset,
      1 + seams.choice.below(fetchMost),
    );
    cursor.offset = next;
    if (messages.length === 0) return;
    if (source === undefined) this.#worker.deliverChangelog(messages).catch(() => undefined);
    else {
      const records = messages.map((message) => ({
        ...source,
        address,
        message: this.#plan.anonymous ? withoutId(message) : message,
      }));
      if (this.#worker.deliver(address, records).pause) cursor.paused = true;
    }
  }

  /** Ends as on a rebalance that it hears of; resolves once it has. */
  stop(): Promise<void> {
    return this.#worker.stop();
  }

  /** Ends as by SIGKILL. */
  kill(): void {
    this.process.dead = true;
    this.#plan.seams.forget(this.process);
  }

  replayChangelog(_partition: number, from: bigint): void {
    this.#cursors.set(this.#changelog, { offset: from, paused: false });
  }

  restChangelog(): void {
    const cursor = this.#cursors.get(this.#changelog);
    if (cursor !== undefined) cursor.paused = true;
  }

  seekInput(address: string, _partition: number, offset: bigint): void {
    this.#cursors.set(address, { offset, paused: false });
  }

  resumeInputs(_partition: number, addresses: readonly string[]): void {
    for (const address of addresses) {
      const cursor = this.#cursors.get(address);
      if (cursor !== undefined) cursor.paused = false;
    }
  }
}

function withoutId(message: KafkaRecord): KafkaRecord {
  const headers = new Map(message.headers);
  headers.delete("ce_id");
  return { ...message, headers };
}
