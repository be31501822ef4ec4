/**
 * One partition of a stage on Kafka: owns the partition, restores its state, then handles inputs in batches of one
 * transaction each.
 *
 * States: owning (fence earlier owners, write a barrier, replay the changelog up to it) → serving → stopped. Any error
 * of a transaction leads back to owning: whether it committed is then read from the changelog, never guessed. What was
 * in hand is handled again, and the restored positions drop what had committed.
 */
import { randomBytes, randomUUID } from "node:crypto";
import { setTimeout as sleep } from "node:timers/promises";
import type { Kafka, KafkaMessage } from "kafkajs";
import type { EventName } from "../../schemas/avro/index.ts";
import {
  changelogTopic,
  deadLetterTopic,
  declarationOf,
  topicFor,
  type TopicName,
} from "../../schemas/topics.ts";
import { PavilionError } from "../errors.ts";
import type { Log } from "../log.ts";
import type { Codec } from "../registry/codec.ts";
import type { Stage } from "../stage.ts";
import { isTransient, StageTask, type Emission, type Input } from "../task.ts";
import { Changelog, type ChangelogKeys, type Replay } from "./changelog.ts";
import { eventTypeOf, headersOf, headerText, newTraceparent, traceparentOr } from "./cloudevents.ts";
import { Inbox } from "./inbox.ts";
import { partitionOf } from "./partitioner.ts";
import { byTopic, Transactor, type TopicOffset } from "./transactor.ts";

export interface WorkerContext<E extends EventName, P> {
  readonly stage: Stage<E, P>;
  readonly region: string;
  /** The region's partition count. */
  readonly partitions: number;
  readonly kafka: Kafka;
  readonly codec: Codec;
  readonly keys: ChangelogKeys;
  readonly ports: (partition: number) => P;
  readonly log: Log;
}

/** What a partition asks of the consumer that feeds it. */
export interface Feed {
  /** Rereads the changelog partition from its start. */
  replayChangelog(partition: number): void;
  restChangelog(partition: number): void;
  /** Fetching goes on once the inbox has drained. */
  resumeInputs(partition: number): void;
}

/** A fetched record of an input topic. */
export interface FetchedRecord {
  readonly topic: TopicName;
  readonly provider?: string;
  readonly address: string;
  readonly message: KafkaMessage;
}

const batchSizeMax = 64;
const attemptsMax = 3;
const restoreTimeoutMs = 120_000;

export const groupOf = (region: string, stage: string): string => `${region}.${stage}`;

export class PartitionWorker<E extends EventName, P> {
  readonly #context: WorkerContext<E, P>;
  readonly #partition: number;
  readonly #feed: Feed;
  readonly #changelog: Changelog;
  readonly #log: Log;
  readonly #inbox = new Inbox<FetchedRecord>();
  readonly #enqueued = new Map<string, bigint>();
  #inHand: FetchedRecord[] = [];
  #replay: { replay: Replay; done: () => void } | undefined;
  readonly #stopping = new AbortController();
  readonly #finished: Promise<void>;

  constructor(context: WorkerContext<E, P>, partition: number, feed: Feed) {
    this.#context = context;
    this.#partition = partition;
    this.#feed = feed;
    this.#changelog = new Changelog(changelogTopic(context.region, context.stage.name), context.keys);
    this.#log = context.log.child({ stage: context.stage.name, partition });
    this.#finished = this.#run();
  }

  /** Takes fetched records; says whether fetching should pause until `resumeInputs`. */
  deliver(records: readonly FetchedRecord[]): { pause: boolean } {
    // After a rebalance kafkajs starts again at the committed offsets: what is already here is not taken twice.
    const fresh = records.filter(({ address, message }) => {
      const offset = BigInt(message.offset);
      if (offset < (this.#enqueued.get(address) ?? 0n)) return false;
      this.#enqueued.set(address, offset + 1n);
      return true;
    });
    this.#inbox.push(fresh);
    return { pause: this.#inbox.full };
  }

  deliverChangelog(messages: readonly KafkaMessage[]): void {
    for (const message of messages) {
      if (this.#replay?.replay.apply(message) === true) this.#replay.done();
    }
  }

  async stop(): Promise<void> {
    this.#stopping.abort();
    this.#inbox.close();
    await this.#finished;
  }

  async #run(): Promise<void> {
    for (let failures = 0; !this.#halted(); failures++) {
      try {
        await this.#tenure(() => (failures = 0));
      } catch (error) {
        if (this.#halted()) return;
        this.#log.warn({ error }, "partition is rebuilt after a failure");
        await this.#pause(failures);
      }
    }
  }

  /** Owns the partition and serves it until it is stopped or fails; `owned` is told in between. */
  async #tenure(owned: () => void): Promise<void> {
    const transactor = await this.#open();
    try {
      const task = await this.#own(transactor);
      owned();
      await this.#serve(task, transactor);
    } finally {
      await transactor.discard();
    }
  }

  #halted(): boolean {
    return this.#stopping.signal.aborted;
  }

  #open(): Promise<Transactor> {
    const { kafka, region, stage } = this.#context;
    const group = groupOf(region, stage.name);
    return Transactor.open(kafka, `${group}.${String(this.#partition)}`, group);
  }

  /** Restores the state: all that was ever committed, and nothing else, since earlier owners are fenced by now. */
  async #own(transactor: Transactor): Promise<StageTask<E, P>> {
    const { stage, region, ports, keys } = this.#context;
    const task = new StageTask({
      stage,
      region,
      partition: this.#partition,
      ports: ports(this.#partition),
      sealOriginal: (raw) => keys.seal(raw, deadLetterTopic(region, stage.name)),
    });
    const barrier = randomUUID();
    const restored = new Promise<void>((done) => {
      this.#replay = { replay: this.#changelog.replayInto(task.state, barrier, this.#partition), done };
    });
    const address = changelogTopic(region, stage.name);
    const message = this.#changelog.barrierOf(barrier, this.#partition);
    await transactor.commit([{ topic: address, messages: [message] }], []);
    this.#feed.replayChangelog(this.#partition);
    const done = new AbortController();
    const signal = AbortSignal.any([done.signal, this.#stopping.signal]);
    try {
      await Promise.race([
        restored,
        sleep(restoreTimeoutMs, undefined, { signal }).then(() => {
          throw new PavilionError("TIMED_OUT", `State of ${stage.name} was not restored in time.`);
        }),
      ]);
    } finally {
      done.abort();
      this.#replay = undefined;
      this.#feed.restChangelog(this.#partition);
    }
    this.#log.debug("partition is owned");
    return task;
  }

  async #serve(task: StageTask<E, P>, transactor: Transactor): Promise<void> {
    while (!this.#halted()) {
      if (this.#inHand.length === 0) {
        const taken = await this.#inbox.take(batchSizeMax);
        if (taken === undefined) return;
        this.#inHand = taken;
        if (this.#inbox.drained) this.#feed.resumeInputs(this.#partition);
      }
      await this.#handle(this.#inHand, task, transactor);
      this.#inHand = [];
    }
  }

  async #handle(records: FetchedRecord[], task: StageTask<E, P>, transactor: Transactor): Promise<void> {
    const emissions: Emission[] = [];
    for (const record of records) {
      emissions.push(...(await this.#take(await this.#inputOf(record), task)));
    }
    const changes = task.state.staged();
    const idle = emissions.length === 0 && changes.every(({ table }) => table.startsWith("@"));
    // Positions alone need no transaction: reading such inputs again has no effect.
    if (!idle) {
      const changelog = changelogTopic(this.#context.region, this.#context.stage.name);
      const written = await Promise.all(emissions.map((emission) => this.#recordsOf(emission)));
      const kept = changes.map((change) => ({
        address: changelog,
        message: this.#changelog.messageOf(change, this.#partition),
      }));
      const addresses = [...new Set(records.map((record) => record.address))];
      const offsets = addresses.map((address): TopicOffset => ({
        address,
        partition: this.#partition,
        offset: task.position(address),
      }));
      await transactor.commit(byTopic([...written.flat(), ...kept]), offsets);
    }
    task.state.commit();
  }

  /** Tries a failing input again: for as long as it takes where the failure passes by itself, else a few times. */
  async #take(input: Input, task: StageTask<E, P>): Promise<Emission[]> {
    for (let attempt = 1; ; attempt++) {
      try {
        return await task.take(input);
      } catch (error) {
        if (this.#halted()) throw error;
        this.#log.warn({ error, topic: input.address, attempt }, "handler failed");
        if (!isTransient(error) && attempt >= attemptsMax) return task.abandon(input, attempt);
        await this.#pause(attempt);
      }
    }
  }

  /** Waits before another try; ends early when the worker stops. */
  async #pause(failures: number): Promise<void> {
    await sleep(backoffMs(failures), undefined, { signal: this.#stopping.signal }).catch(() => undefined);
  }

  async #inputOf({ topic, provider, address, message }: FetchedRecord): Promise<Input> {
    const { headers } = message;
    const raw = message.value ?? Buffer.alloc(0);
    return {
      topic,
      ...(provider === undefined ? {} : { provider }),
      address,
      offset: BigInt(message.offset),
      key: message.key?.toString() ?? "",
      time: Number(message.timestamp),
      id: headerText(headers, "ce_id"),
      source: headerText(headers, "ce_source"),
      traceparent: traceparentOr(headers, () => newTraceparent(randomBytes(24))),
      raw,
      content: await this.#contentOf(topic, eventTypeOf(headers), message.key, raw),
    };
  }

  #isMisplaced(topic: TopicName, key: Buffer | null): boolean {
    if (declarationOf(topic).outside !== true) return false;
    return key === null || partitionOf(key, this.#context.partitions) !== this.#partition;
  }

  async #contentOf(
    topic: TopicName,
    type: EventName | undefined,
    key: Buffer | null,
    raw: Buffer,
  ): Promise<Input["content"]> {
    if (type === undefined || !declarationOf(topic).events.includes(type)) {
      return {
        fault: "EVENT_TYPE_UNKNOWN",
        detail: "The record's ce_type is not one that its topic carries.",
      };
    }
    const handled = this.#context.stage.inputs.find((input) => input.topic === topic);
    if (handled?.types.includes(type) !== true) return { skipped: true };
    if (this.#isMisplaced(topic, key)) {
      return { fault: "EVENT_MISPLACED", detail: "The record does not lie in the partition of its key." };
    }
    try {
      return { type, value: await this.#context.codec.decode(topic, type, raw) };
    } catch (error) {
      if (error instanceof PavilionError && error.code === "EVENT_UNREADABLE") {
        return { fault: error.code, detail: error.message };
      }
      throw error;
    }
  }

  async #recordsOf(emission: Emission): Promise<Parameters<typeof byTopic>[0][number][]> {
    const { codec, region, stage, partitions } = this.#context;
    const { topic, type, key, partition } = emission;
    const headers = headersOf({ ...emission, time: Date.now() });
    const dead = topic === "dead-letter";
    const address = dead ? deadLetterTopic(region, stage.name) : topicFor(region, topic, emission.provider);
    const value = dead
      ? await codec.encodePlain(type, emission.value)
      : await codec.encode(topic, type, emission.value);
    const message = { key, value, headers };
    if (partition === undefined) return [{ address, message }];
    const spread = !dead && declarationOf(topic).partitions === "spread" ? partitions : 1;
    const targets = partition === "all" ? Array.from({ length: spread }, (_, index) => index) : [partition];
    return targets.map((target) => ({ address, message: { ...message, partition: target } }));
  }
}

/** 100 ms doubling to 5 s, with jitter so that partitions do not return in step. */
function backoffMs(failures: number): number {
  return Math.min(5_000, 100 * 2 ** Math.min(failures, 6)) * (0.5 + Math.random() / 2);
}
