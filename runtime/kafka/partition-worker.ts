/**
 * One partition of a stage on Kafka: owns the partition, restores its state, then handles inputs in batches of one
 * transaction each.
 *
 * States: owning (fence earlier owners by a barrier in the changelog, replay up to it, go to the restored positions) →
 * serving → stopped. Any error of a transaction leads back to owning: whether it committed is then read from the
 * changelog, never guessed. A batch that Kafka will never take is handled input by input, and the one at fault is given
 * up.
 */
import { randomUUID } from "node:crypto";
import { setTimeout as sleep } from "node:timers/promises";
import type { Kafka, KafkaMessage } from "kafkajs";
import type { EventName } from "../../schemas/avro/index.ts";
import { changelogTopic, deadLetterTopic } from "../../schemas/topics.ts";
import { PavilionError } from "../errors.ts";
import type { Log } from "../log.ts";
import type { Codec } from "../registry/codec.ts";
import type { Stage } from "../stage.ts";
import { isTransient, StageTask, type Emission, type Input } from "../task.ts";
import { Changelog, type ChangelogKeys, type Replay } from "./changelog.ts";
import { recordsOf } from "./emitted-record.ts";
import { readInput, type FetchedRecord } from "./fetched-record.ts";
import { Inbox } from "./inbox.ts";
import { isTooLarge, Transactor } from "./transactor.ts";

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
  /** Full names of the input topics. */
  readonly addresses: readonly string[];
  /** Rereads the changelog partition from its start. */
  replayChangelog(partition: number): void;
  restChangelog(partition: number): void;
  /** Goes on with an input topic's partition at an offset. */
  seekInput(address: string, partition: number, offset: bigint): void;
  /** Fetching goes on once the inbox has drained. */
  resumeInputs(partition: number): void;
}

const batchSizeMax = 64;
const attemptsMax = 3;
/** So many inputs without effect, and their positions are written down: a restart reads no more than these again. */
const idleInputsMax = 1_000;
/** A restore without a record for so long has failed. */
const restoreSilenceMs = 30_000;

export const groupOf = (region: string, stage: string): string => `${region}.${stage}`;

export class PartitionWorker<E extends EventName, P> {
  readonly #context: WorkerContext<E, P>;
  readonly #partition: number;
  readonly #feed: Feed;
  readonly #changelog: Changelog;
  readonly #log: Log;
  readonly #inbox = new Inbox<FetchedRecord>();
  readonly #enqueued = new Map<string, bigint>();
  #replaying: Replaying | undefined;
  /** How many inputs are still handled alone, after a batch that Kafka did not take. */
  #alone = 0;
  /** The input whose outputs alone Kafka does not take: `address@offset`. */
  #hopeless: string | undefined;
  #idleInputs = 0;
  readonly #stopping = new AbortController();
  readonly #finished: Promise<void>;

  /** Begins once `earlier`, the end of this partition's last worker in this process, has come. */
  constructor(context: WorkerContext<E, P>, partition: number, feed: Feed, earlier?: Promise<void>) {
    this.#context = context;
    this.#partition = partition;
    this.#feed = feed;
    this.#changelog = new Changelog(changelogTopic(context.region, context.stage.name), context.keys);
    this.#log = context.log.child({ stage: context.stage.name, partition });
    this.#finished = this.#run(earlier);
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
    this.#replaying?.apply(messages);
  }

  async stop(): Promise<void> {
    this.#stopping.abort();
    this.#inbox.close();
    await this.#finished;
  }

  async #run(earlier?: Promise<void>): Promise<void> {
    // Both speak of the same partition to the same consumer: the end of one must not undo the start of the other.
    await earlier;
    for (let failures = 0; !this.#halted(); failures++) {
      try {
        await this.#tenure(() => {
          failures = 0;
        });
      } catch (error) {
        if (this.#halted()) return;
        this.#log.warn({ error }, "partition is rebuilt after a failure");
        await this.#pause(failures);
      }
    }
  }

  /** Owns the partition and serves it until it is stopped or fails; `served` is told of each batch that is done. */
  async #tenure(served: () => void): Promise<void> {
    const { kafka, region, stage } = this.#context;
    const group = groupOf(region, stage.name);
    const transactor = await Transactor.open(kafka, `${group}.${String(this.#partition)}`, group);
    try {
      const task = await this.#own(transactor);
      await this.#serve(task, transactor, served);
    } finally {
      await transactor.discard();
    }
  }

  #halted(): boolean {
    return this.#stopping.signal.aborted;
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
    const message = this.#changelog.barrierOf(barrier, this.#partition);
    await transactor.commit([{ address: changelogTopic(region, stage.name), message }], []);
    // Only now, together with the seek: a fetch that tails the changelog may bring the barrier before the replay begins.
    this.#replaying = new Replaying(this.#changelog.replayInto(task.state, barrier, this.#partition));
    this.#feed.replayChangelog(this.#partition);
    try {
      await this.#replaying.done(this.#stopping.signal);
    } finally {
      this.#replaying = undefined;
      this.#feed.restChangelog(this.#partition);
    }
    this.#goToPositions(task);
    this.#log.debug("partition is owned");
    return task;
  }

  /** The restored positions count, not the offsets that kafkajs joined with: inputs are fetched anew from there. */
  #goToPositions(task: StageTask<E, P>): void {
    this.#inbox.clear();
    for (const address of this.#feed.addresses) {
      const position = task.position(address);
      this.#enqueued.set(address, position);
      this.#feed.seekInput(address, this.#partition, position);
    }
    this.#feed.resumeInputs(this.#partition);
  }

  async #serve(task: StageTask<E, P>, transactor: Transactor, served: () => void): Promise<void> {
    for (;;) {
      const records = await this.#inbox.take(this.#alone > 0 ? 1 : batchSizeMax);
      if (records === undefined) return;
      if (this.#inbox.drained) this.#feed.resumeInputs(this.#partition);
      try {
        await this.#handle(records, task, transactor);
      } catch (error) {
        if (isTooLarge(error)) this.#singleOut(records);
        throw error;
      }
      this.#alone = Math.max(0, this.#alone - 1);
      served();
    }
  }

  /** Next time these are handled one by one; one that is alone already is hopeless. */
  #singleOut(records: readonly FetchedRecord[]): void {
    const [first] = records;
    if (records.length > 1) this.#alone = records.length;
    else if (first !== undefined) this.#hopeless = `${first.address}@${first.message.offset}`;
  }

  async #handle(records: FetchedRecord[], task: StageTask<E, P>, transactor: Transactor): Promise<void> {
    const { region, stage, partitions, codec } = this.#context;
    const emissions: Emission[] = [];
    for (const record of records) {
      emissions.push(...(await this.#take(await this.#read(record), task)));
    }
    // Positions alone need no transaction, since reading such inputs again has no effect: they wait for the next one.
    const changes = task.state.staged();
    const idle = emissions.length === 0 && changes.every(({ table }) => table.startsWith("@"));
    this.#idleInputs = idle ? this.#idleInputs + records.length : 0;
    if (idle && this.#idleInputs < idleInputsMax) return;
    this.#idleInputs = 0;
    const outputs = emissions.map((emission) =>
      recordsOf(emission, { region, stage: stage.name, partitions, codec }),
    );
    const address = changelogTopic(region, stage.name);
    const kept = changes.map((change) => ({
      address,
      message: this.#changelog.messageOf(change, this.#partition),
    }));
    await transactor.commit([...(await Promise.all(outputs)).flat(), ...kept], this.#offsets(task));
    task.state.commit();
  }

  #offsets(task: StageTask<E, P>): { address: string; partition: number; offset: bigint }[] {
    return this.#feed.addresses
      .map((address) => ({ address, partition: this.#partition, offset: task.position(address) }))
      .filter(({ offset }) => offset > 0n);
  }

  /** Reads a record; waits for as long as the registry, which alone can fail here, is away. */
  async #read(record: FetchedRecord): Promise<Input> {
    const { stage, partitions, codec } = this.#context;
    for (let attempt = 1; ; attempt++) {
      try {
        return await readInput(record, { stage, partition: this.#partition, partitions, codec });
      } catch (error) {
        if (this.#halted()) throw error;
        this.#log.warn({ error, topic: record.address, attempt }, "record cannot be read yet");
        await this.#pause(attempt);
      }
    }
  }

  /** Tries a failing input again: for as long as it takes where the failure passes by itself, else a few times. */
  async #take(input: Input, task: StageTask<E, P>): Promise<Emission[]> {
    if (this.#hopeless === `${input.address}@${String(input.offset)}`) {
      this.#hopeless = undefined;
      return task.abandon(input, 1);
    }
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
}

/** A replay of the changelog under way: done at its barrier, failed by a record that cannot be read or by silence. */
class Replaying {
  readonly #replay: Replay;
  readonly #outcome = Promise.withResolvers<"restored">();
  #heard = performance.now();

  constructor(replay: Replay) {
    this.#replay = replay;
    this.#outcome.promise.catch(() => undefined);
  }

  apply(messages: readonly KafkaMessage[]): void {
    this.#heard = performance.now();
    try {
      if (messages.some((message) => this.#replay.apply(message))) this.#outcome.resolve("restored");
    } catch (error) {
      this.#outcome.reject(error);
    }
  }

  /** Resolves once the state is restored. Throws TIMED_OUT when nothing is heard for long. */
  async done(signal: AbortSignal): Promise<void> {
    const checkEveryMs = 1_000;
    for (;;) {
      const pause = new AbortController();
      const waited = sleep(checkEveryMs, "silence", { signal: AbortSignal.any([signal, pause.signal]) });
      try {
        if ((await Promise.race([this.#outcome.promise, waited])) === "restored") return;
      } finally {
        pause.abort();
        waited.catch(() => undefined);
      }
      if (performance.now() - this.#heard > restoreSilenceMs) {
        throw new PavilionError("TIMED_OUT", "The state was not restored: its changelog is not heard.");
      }
    }
  }
}

/** 100 ms doubling to 5 s, with jitter so that partitions do not return in step. */
function backoffMs(failures: number): number {
  return Math.min(5_000, 100 * 2 ** Math.min(failures, 6)) * (0.5 + Math.random() / 2);
}
