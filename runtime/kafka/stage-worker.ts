/**
 * A stage on Kafka: one consumer that feeds the partitions it is assigned.
 *
 * The consumer only feeds: eachBatch hands records over and returns, so kafkajs goes on fetching and sends its heartbeats
 * however long a handler works. Where a partition goes on is in its state, which commits with its outputs; the group's offsets are
 * told from that, every few seconds, for tools that show how far a group is. The changelog is one more topic of the group, so a
 * partition and its state always arrive together.
 */
import type { Consumer, ConsumerEndBatchProcessEvent, EachBatchPayload, Kafka } from "kafkajs";
import type { EventName } from "../../schemas/avro/index.ts";
import { changelogTopic, ownerOf, topicFor, type TopicName } from "../../schemas/topics.ts";
import type { Log } from "../log.ts";
import { openTelemetry, type Telemetry } from "../telemetry/telemetry.ts";
import { endingConsumer, type EndingConsumer } from "./consumer.ts";
import { copartitionAssigner } from "./copartition-assigner.ts";
import { groupOf, PartitionWorker, type Feed, type WorkerContext } from "./partition-worker.ts";
import { Transactor } from "./transactor.ts";
import { decoded } from "./wire/record.ts";

interface Source {
  readonly topic: TopicName;
  readonly owner?: string;
}

/** Who has topics of its own in the region, by what it is: `provider`, `broker`, … */
export type Owners = ReadonlyMap<string, readonly string[]>;

export type StageContext<E extends EventName, P> = Omit<
  WorkerContext<E, P>,
  "openTransactions" | "telemetry"
> & {
  readonly kafka: Kafka;
  /** Told once a consumer has stopped for good: the process cannot go on as if it served the stage. */
  readonly fail: (error: unknown) => void;
  /** Shared by the stages of a process; one of its own unless given. */
  readonly telemetry?: Telemetry;
};

/**
 * What arrives ends a fetch at once; with nothing there, it is asked again after so long. Each stage's idle fetches cost the event
 * loop and Kafka something; a partition that is taken over, or goes on after a pause, waits for the one under way.
 */
const fetchWaitMs = 500;
/** Nothing goes by the group's offsets, so what they cost counts. */
const offsetsEveryMs = 5_000;

export class StageWorker<E extends EventName, P> implements Feed {
  readonly #context: StageContext<E, P> & WorkerContext<E, P>;
  readonly #changelog: string;
  readonly #log: Log;
  readonly #partitions = new Map<number, PartitionWorker<E, P>>();
  /** What each partition's last worker has still to finish: the next one begins after it. */
  readonly #endings = new Map<number, Promise<void>>();
  #sources = new Map<string, Source>();
  #ending: EndingConsumer | undefined;
  #memberId: string | undefined;
  /** The group's offsets as they were last told, by `<topic>/<partition>`. */
  #told = new Map<string, bigint>();
  #telling: NodeJS.Timeout | undefined;
  #starting: Promise<void> = Promise.resolve();

  constructor(context: StageContext<E, P>) {
    this.#context = {
      ...context,
      openTransactions: (id) => Transactor.open(context.kafka, id),
      telemetry: context.telemetry ?? openTelemetry(),
    };
    // Counts from zero on, also where no partition comes here.
    this.#context.telemetry.metrics.stage(context.stage.name);
    this.#changelog = changelogTopic(context.region, context.stage.name);
    this.#log = context.log.child({ stage: context.stage.name });
  }

  get addresses(): string[] {
    return [...this.#sources.keys()];
  }

  /**
   * Starts, or starts over when the owners of topics that it reads have changed: kafkajs resolves subscriptions once.
   * Resolves when the consumer has joined its group.
   */
  start(owners: Owners): Promise<void> {
    const sources = this.#sourcesFor(owners);
    const started = this.#starting
      .catch(() => undefined)
      .then(async () => {
        if (this.#consumer !== undefined && sameKeys(sources, this.#sources)) return;
        await this.#disconnect();
        this.#sources = sources;
        if (sources.size > 0) await this.#connect();
      });
    this.#starting = started;
    return started;
  }

  async stop(): Promise<void> {
    await this.#starting.catch(() => undefined);
    await this.#disconnect();
  }

  replayChangelog(partition: number, from: bigint): void {
    this.#consumer?.seek({ topic: this.#changelog, partition, offset: String(from) });
    this.#consumer?.resume([{ topic: this.#changelog, partitions: [partition] }]);
  }

  restChangelog(partition: number): void {
    this.#consumer?.pause([{ topic: this.#changelog, partitions: [partition] }]);
  }

  seekInput(address: string, partition: number, offset: bigint): void {
    this.#consumer?.seek({ topic: address, partition, offset: String(offset) });
  }

  resumeInputs(partition: number, addresses: readonly string[]): void {
    for (const { topic, partitions } of this.#consumer?.paused() ?? []) {
      if (!addresses.includes(topic) || !partitions.includes(partition)) continue;
      this.#consumer?.resume([{ topic, partitions: [partition] }]);
    }
  }

  #sourcesFor(owners: Owners): Map<string, Source> {
    const { stage, region } = this.#context;
    const sources = new Map<string, Source>();
    for (const { topic } of stage.inputs) {
      const kind = ownerOf(topic);
      if (kind === undefined) sources.set(topicFor(region, topic), { topic });
      else
        for (const owner of owners.get(kind) ?? [])
          sources.set(topicFor(region, topic, owner), { topic, owner });
    }
    return sources;
  }

  async #connect(): Promise<void> {
    const { kafka, region, stage, fail } = this.#context;
    const ending = endingConsumer(kafka, {
      groupId: groupOf(region, stage.name),
      partitionAssigners: [copartitionAssigner],
      sessionTimeout: 6_000,
      heartbeatInterval: 1_500,
      rebalanceTimeout: 12_000,
      maxWaitTimeInMs: fetchWaitMs,
      readUncommitted: false,
      allowAutoTopicCreation: false,
      retry: { retries: 10 },
    });
    const { consumer } = ending;
    this.#ending = ending;
    const joined = Promise.withResolvers<undefined>();
    consumer.on(consumer.events.GROUP_JOIN, ({ payload }) => {
      if (this.#consumer !== consumer) return;
      const assignment = new Map(Object.entries(payload.memberAssignment));
      this.#join(payload.memberId, assignment.get(this.#changelog) ?? []);
      joined.resolve(undefined);
    });
    ending.onLoss((error) => {
      joined.reject(error);
      fail(error);
    });
    consumer.on(consumer.events.END_BATCH_PROCESS, ({ payload }) => {
      if (this.#consumer === consumer) this.#hear(payload);
    });
    await consumer.connect();
    await consumer.subscribe({ topics: [...this.addresses, this.#changelog], fromBeginning: true });
    await consumer.run({
      autoCommit: false,
      partitionsConsumedConcurrently: 1,
      eachBatch: (payload) => this.#feed(payload),
    });
    await joined.promise;
    this.#tellLater(consumer);
    this.#log.debug("stage has joined its group");
  }

  async #disconnect(): Promise<void> {
    const ending = this.#ending;
    clearInterval(this.#telling);
    // From here on its assignments are no longer heard, so that nothing starts behind the stopping.
    this.#ending = undefined;
    this.#assign([]);
    await Promise.all(this.#endings.values());
    await ending?.end();
  }

  #tellLater(consumer: Consumer): void {
    const tell = async (): Promise<void> => {
      await this.#tellOffsets(consumer);
      if (this.#consumer === consumer) this.#tellLater(consumer);
    };
    this.#telling = setTimeout(() => void tell(), offsetsEveryMs).unref();
  }

  /** Tells the group's offsets, where they have changed. */
  async #tellOffsets(consumer: Consumer): Promise<void> {
    const changed = [...this.#partitions].flatMap(([partition, { positions }]) =>
      [...positions]
        .map(([topic, offset]) => ({ place: `${topic}/${String(partition)}`, topic, partition, offset }))
        .filter(({ place, offset }) => offset > (this.#told.get(place) ?? 0n)),
    );
    if (changed.length === 0) return;
    try {
      await consumer.commitOffsets(
        changed.map(({ topic, partition, offset }) => ({ topic, partition, offset: String(offset) })),
      );
      for (const { place, offset } of changed) this.#told.set(place, offset);
    } catch (error) {
      this.#log.debug({ error }, "the group's offsets were not told; the next ones are");
    }
  }

  get #consumer(): Consumer | undefined {
    return this.#ending?.consumer;
  }

  /**
   * A new member id means that the session was lost: others may have owned the partitions since, and kafkajs has
   * forgotten what was paused, so every partition is taken anew.
   */
  #join(memberId: string, assigned: readonly number[]): void {
    if (memberId !== this.#memberId) this.#assign([]);
    this.#memberId = memberId;
    this.#assign(assigned);
  }

  /** Starts partitions that are new here and stops those that are gone. */
  #assign(assigned: readonly number[]): void {
    for (const [partition, worker] of this.#partitions) {
      if (assigned.includes(partition)) continue;
      this.#partitions.delete(partition);
      this.#endings.set(partition, worker.stop());
    }
    for (const partition of assigned) {
      if (this.#partitions.has(partition)) continue;
      this.restChangelog(partition);
      this.#partitions.set(
        partition,
        new PartitionWorker(this.#context, partition, this, this.#endings.get(partition)),
      );
    }
  }

  async #feed(payload: EachBatchPayload): Promise<void> {
    const { batch } = payload;
    const worker = this.#partitions.get(batch.partition);
    // A batch that was fetched before a seek is not what was asked for.
    if (worker === undefined || payload.isStale()) return;
    const source = this.#sources.get(batch.topic);
    if (source === undefined) {
      await worker.deliverChangelog(batch.messages.map(decoded));
      return;
    }
    const records = batch.messages.map((message) => ({
      ...source,
      address: batch.topic,
      message: decoded(message),
    }));
    if (worker.deliver(batch.topic, records).pause) payload.pause();
  }

  #hear(fetch: ConsumerEndBatchProcessEvent["payload"]): void {
    const source = this.#sources.get(fetch.topic);
    if (source === undefined) return;
    const [end, fetched] = [BigInt(fetch.highWatermark), BigInt(fetch.lastOffset) + 1n];
    this.#partitions.get(fetch.partition)?.hear(fetch.topic, source.topic, end, fetched);
  }
}

const sameKeys = (one: ReadonlyMap<string, unknown>, other: ReadonlyMap<string, unknown>): boolean =>
  one.size === other.size && [...one.keys()].every((key) => other.has(key));
