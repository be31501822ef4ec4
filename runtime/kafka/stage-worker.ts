/**
 * A stage on Kafka: one consumer that feeds the partitions it is assigned.
 *
 * The consumer only feeds: eachBatch hands records over and returns, so kafkajs goes on fetching and sends its heartbeats
 * however long a handler works. It commits nothing; offsets commit in each partition's transactions. The changelog is
 * one more topic of the group, so a partition and its state always arrive together.
 */
import type { Consumer, EachBatchPayload } from "kafkajs";
import type { EventName } from "../../schemas/avro/index.ts";
import { changelogTopic, topicFor, type TopicName } from "../../schemas/topics.ts";
import type { Log } from "../log.ts";
import { copartitionAssigner } from "./copartition-assigner.ts";
import { groupOf, PartitionWorker, type Feed, type WorkerContext } from "./partition-worker.ts";

interface Source {
  readonly topic: TopicName;
  readonly provider?: string;
}

export class StageWorker<E extends EventName, P> implements Feed {
  readonly #context: WorkerContext<E, P>;
  readonly #changelog: string;
  readonly #log: Log;
  readonly #partitions = new Map<number, PartitionWorker<E, P>>();
  readonly #stopped: Promise<void>[] = [];
  #sources = new Map<string, Source>();
  #consumer: Consumer | undefined;
  #starting: Promise<void> = Promise.resolve();

  constructor(context: WorkerContext<E, P>) {
    this.#context = context;
    this.#changelog = changelogTopic(context.region, context.stage.name);
    this.#log = context.log.child({ stage: context.stage.name });
  }

  /**
   * Starts, or starts over when the admitted providers have changed: kafkajs resolves subscriptions once. Resolves when
   * the consumer has joined its group.
   */
  start(providers: readonly string[]): Promise<void> {
    const sources = this.#sourcesFor(providers);
    this.#starting = this.#starting.then(async () => {
      if (this.#consumer !== undefined && sameKeys(sources, this.#sources)) return;
      await this.#disconnect();
      this.#sources = sources;
      if (sources.size > 0) await this.#connect();
    });
    return this.#starting;
  }

  async stop(): Promise<void> {
    await this.#starting;
    await this.#disconnect();
  }

  replayChangelog(partition: number): void {
    this.#consumer?.seek({ topic: this.#changelog, partition, offset: "0" });
    this.#consumer?.resume([{ topic: this.#changelog, partitions: [partition] }]);
  }

  restChangelog(partition: number): void {
    this.#consumer?.pause([{ topic: this.#changelog, partitions: [partition] }]);
  }

  resumeInputs(partition: number): void {
    const paused = this.#consumer?.paused().filter(({ topic }) => topic !== this.#changelog) ?? [];
    for (const { topic, partitions } of paused) {
      if (partitions.includes(partition)) this.#consumer?.resume([{ topic, partitions: [partition] }]);
    }
  }

  #sourcesFor(providers: readonly string[]): Map<string, Source> {
    const { stage, region } = this.#context;
    const sources = new Map<string, Source>();
    for (const { topic } of stage.inputs) {
      if (!topic.endsWith(".<provider>")) sources.set(topicFor(region, topic), { topic });
      else
        for (const provider of providers) sources.set(topicFor(region, topic, provider), { topic, provider });
    }
    return sources;
  }

  async #connect(): Promise<void> {
    const { kafka, region, stage } = this.#context;
    const consumer = kafka.consumer({
      groupId: groupOf(region, stage.name),
      partitionAssigners: [copartitionAssigner],
      sessionTimeout: 6_000,
      heartbeatInterval: 1_500,
      rebalanceTimeout: 12_000,
      maxWaitTimeInMs: 250,
      readUncommitted: false,
      allowAutoTopicCreation: false,
      retry: { retries: 10, restartOnFailure: () => Promise.resolve(true) },
    });
    this.#consumer = consumer;
    const joined = new Promise<void>((resolve) => {
      consumer.on(consumer.events.GROUP_JOIN, ({ payload }) => {
        this.#assign(payload.memberAssignment[this.#changelog] ?? []);
        resolve();
      });
    });
    await consumer.connect();
    await consumer.subscribe({ topics: [...this.#sources.keys(), this.#changelog], fromBeginning: true });
    await consumer.run({
      autoCommit: false,
      partitionsConsumedConcurrently: 1,
      eachBatch: (payload) => {
        this.#feed(payload);
        return Promise.resolve();
      },
    });
    await joined;
    this.#log.debug("stage has joined its group");
  }

  async #disconnect(): Promise<void> {
    this.#assign([]);
    await Promise.all(this.#stopped.splice(0));
    await this.#consumer?.disconnect();
    this.#consumer = undefined;
  }

  /** Starts partitions that are new here and stops those that are gone. */
  #assign(assigned: readonly number[]): void {
    for (const [partition, worker] of this.#partitions) {
      if (assigned.includes(partition)) continue;
      this.#partitions.delete(partition);
      this.#stopped.push(worker.stop());
    }
    for (const partition of assigned) {
      if (this.#partitions.has(partition)) continue;
      this.restChangelog(partition);
      this.#partitions.set(partition, new PartitionWorker(this.#context, partition, this));
    }
  }

  #feed(payload: EachBatchPayload): void {
    const { batch } = payload;
    const worker = this.#partitions.get(batch.partition);
    if (worker === undefined) return;
    const source = this.#sources.get(batch.topic);
    if (source === undefined) {
      worker.deliverChangelog(batch.messages);
      return;
    }
    const records = batch.messages.map((message) => ({ ...source, address: batch.topic, message }));
    if (worker.deliver(records).pause) payload.pause();
  }
}

const sameKeys = (one: ReadonlyMap<string, unknown>, other: ReadonlyMap<string, unknown>): boolean =>
  one.size === other.size && [...one.keys()].every((key) => other.has(key));
