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
import type { Message } from "kafkajs";
import type { EventName } from "../../schemas/avro/index.ts";
import { changelogTopic, deadLetterTopic, type TopicName } from "../../schemas/topics.ts";
import { PavilionError } from "../../errors/errors.ts";
import { Waits } from "../failures/persistence.ts";
import type { Log } from "../log.ts";
import type { Codec } from "../registry/codec.ts";
import type { Asking } from "../contract/asking.ts";
import type { Fill, Stage } from "../contract/stage.ts";
import type { RankedTable } from "../contract/state.ts";
import type { Checkpoint, CommittedState } from "../state/committed.ts";
import { MemoryState } from "../state/memory-state.ts";
import { StageTask, type Emission } from "../task.ts";
import type { StageMetrics } from "../telemetry/metrics.ts";
import type { Telemetry } from "../telemetry/telemetry.ts";
import { Changelog, digestOf, type ChangelogKeys, type Replay } from "./changelog.ts";
import { recordsOf, type AddressedRecord } from "./emitted-record.ts";
import type { FetchedRecord } from "./fetched-record.ts";
import { Inbox } from "./inbox.ts";
import { InputHandler, pause, type Handled } from "./input-handler.ts";
import { Lags } from "./lag.ts";
import { isTooLarge, type Placed, type Transactions } from "./transactor.ts";
import { bytesOf, type KafkaRecord } from "./wire/record.ts";

export interface WorkerContext<E extends EventName, P> {
  readonly stage: Stage<E, P>;
  readonly region: string;
  /** The region's partition count. */
  readonly partitions: number;
  readonly openTransactions: (transactionalId: string) => Promise<Transactions>;
  /** Where a partition's committed state is at hand, by the changelog's place; in memory unless given. */
  readonly openState?: (place: string, tables: readonly RankedTable[]) => CommittedState;
  readonly codec: Codec;
  readonly keys: ChangelogKeys;
  readonly ports: (partition: number) => P;
  readonly asking: Asking;
  readonly log: Log;
  readonly telemetry: Telemetry;
}

/** What a partition asks of the consumer that feeds it. */
export interface Feed {
  /** Full names of the input topics. */
  readonly addresses: readonly string[];
  /** Rereads the changelog partition from an offset. */
  replayChangelog(partition: number, from: bigint): void;
  restChangelog(partition: number): void;
  /** Goes on with an input topic's partition at an offset. */
  seekInput(address: string, partition: number, offset: bigint): void;
  /** Goes on fetching input topics that were paused. */
  resumeInputs(partition: number, addresses: readonly string[]): void;
}

/** A transaction costs Kafka a few requests however many inputs it is for: it goes on while more wait, to so many … */
const batchSizeMax = 512;
/** … in steps of so many, unless it took so long that the outputs of slow handlers would wait for each other. */
const stepSizeMax = 64;
const batchTimeMaxMs = 50;
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
  readonly #inbox = new Inbox<FetchedRecord>(sizeOf);
  readonly #enqueued = new Map<string, bigint>();
  readonly #lags = new Lags();
  readonly #metrics: StageMetrics;
  readonly #unwatch: () => void;
  #task: StageTask<E, P> | undefined;
  #committed: CommittedState | undefined;
  #handler: InputHandler<E, P> | undefined;
  #restoreSeconds: number | undefined;
  #replaying: Replaying | undefined;
  /** How many inputs are still handled alone, after a batch that Kafka did not take. */
  #alone = 0;
  /** The input whose outputs alone Kafka does not take: `address@offset`, and what Kafka said. */
  #hopeless: { readonly place: string; readonly error: unknown } | undefined;
  #idleInputs = 0;
  #positions: ReadonlyMap<string, bigint> = new Map();
  readonly #stopping = new AbortController();
  readonly #finished: Promise<void>;

  /** Begins once `earlier`, the end of this partition's last worker in this process, has come. */
  constructor(context: WorkerContext<E, P>, partition: number, feed: Feed, earlier?: Promise<void>) {
    this.#context = context;
    this.#partition = partition;
    this.#feed = feed;
    this.#changelog = new Changelog(
      changelogTopic(context.region, context.stage.name),
      context.keys,
      context.stage.tables,
    );
    this.#log = context.log.child({ stage: context.stage.name, partition });
    this.#metrics = context.telemetry.metrics.stage(context.stage.name);
    this.#unwatch = this.#metrics.watch(partition, {
      lags: () => this.#lags.records((address) => this.#waitingAt(address)),
      queued: () => this.#inbox.length,
      stateEntries: () => this.#task?.state.size ?? 0,
      restoreSeconds: () => this.#restoreSeconds,
      waitsFor: () => this.#handler?.waitsFor,
      fills: () => this.#fills(),
    });
    this.#finished = this.#run(earlier);
  }

  /** Takes fetched records of a topic; says whether fetching it should pause until `resumeInputs`. */
  deliver(address: string, records: readonly FetchedRecord[]): { pause: boolean } {
    // After a rebalance kafkajs starts again at the committed offsets: what is already here is not taken twice.
    const fresh = records.filter(({ message }) => {
      const offset = BigInt(message.offset);
      if (offset < (this.#enqueued.get(address) ?? 0n)) return false;
      this.#enqueued.set(address, offset + 1n);
      return true;
    });
    this.#inbox.push(address, fresh);
    return { pause: this.#inbox.isFull(address) };
  }

  /** Hears how far a fetch came in an input topic, and where the topic ends. */
  hear(address: string, topic: TopicName, end: bigint, fetched: bigint): void {
    this.#lags.hear(address, topic, end, fetched);
  }

  /** Resolves once more may come. */
  async deliverChangelog(messages: readonly KafkaRecord[]): Promise<void> {
    await this.#replaying?.apply(messages);
  }

  /** The next offset to read in each input topic, as it was last committed with what came of the inputs before it. */
  get positions(): ReadonlyMap<string, bigint> {
    return this.#positions;
  }

  async stop(): Promise<void> {
    this.#stopping.abort();
    this.#inbox.close();
    await this.#finished;
    this.#unwatch();
  }

  /** Nothing of a state that cannot be read: what handles the next input finds that out. */
  #fills(): readonly Fill[] {
    try {
      return this.#task?.fills() ?? [];
    } catch {
      return [];
    }
  }

  /** The next offset to handle of a topic where something fetched waits for its handler. */
  #waitingAt(address: string): bigint | undefined {
    const position = this.#task?.position(address) ?? 0n;
    return (this.#enqueued.get(address) ?? 0n) > position ? position : undefined;
  }

  async #run(earlier?: Promise<void>): Promise<void> {
    // Both speak of the same partition to the same consumer: the end of one must not undo the start of the other.
    await earlier;
    const waits = new Waits();
    while (!this.#halted()) {
      try {
        await this.#tenure(() => {
          waits.reset();
        });
      } catch (error) {
        if (this.#halted()) return;
        this.#log.warn({ error }, "partition is rebuilt after a failure");
        await pause(waits.next(), this.#stopping.signal);
      }
    }
  }

  /** Owns the partition and serves it until it is stopped or fails; `served` is told of each batch that is done. */
  async #tenure(served: () => void): Promise<void> {
    const { openTransactions, region, stage } = this.#context;
    const transactor = await openTransactions(`${groupOf(region, stage.name)}.${String(this.#partition)}`);
    const committed =
      this.#context.openState?.(this.#changelog.placeOf(this.#partition), stage.tables ?? []) ??
      new MemoryState();
    try {
      this.#committed = committed;
      const task = await this.#own(transactor, committed);
      const { partitions, codec, telemetry } = this.#context;
      this.#task = task;
      this.#handler = new InputHandler({
        ...{ task, stage, partitions, codec, telemetry },
        partition: this.#partition,
        metrics: this.#metrics,
        log: this.#log,
        signal: this.#stopping.signal,
      });
      await this.#serve(task, this.#handler, transactor, served);
    } catch (error) {
      if (error instanceof PavilionError && error.code === "STATE_UNSOUND") await committed.erase();
      throw error;
    } finally {
      // Nobody asks a state that is closed.
      this.#task = undefined;
      await transactor.discard();
      await committed.close();
    }
  }

  #halted(): boolean {
    return this.#stopping.signal.aborted;
  }

  /** Restores the state: all that was ever committed, and nothing else, since earlier owners are fenced by now. */
  async #own(transactor: Transactions, committed: CommittedState): Promise<StageTask<E, P>> {
    const { stage, region, ports, keys, codec, asking } = this.#context;
    const task = new StageTask({
      stage,
      region,
      partition: this.#partition,
      ports: ports(this.#partition),
      ...{ topics: codec.topics, asking },
      committed,
      sealOriginal: (raw) => keys.seal(raw, deadLetterTopic(region, stage.name)),
    });
    const begun = performance.now();
    const barrier = randomUUID();
    const message = this.#changelog.barrierOf(barrier, this.#partition);
    await transactor.commit([{ address: changelogTopic(region, stage.name), message }]);
    // Only now, together with the seek: a fetch that tails the changelog may bring the barrier before the replay begins.
    const { checkpoint } = committed;
    this.#replaying = new Replaying(
      this.#changelog.replayInto(task.state, barrier, this.#partition, checkpoint),
    );
    this.#feed.replayChangelog(this.#partition, checkpoint?.offset ?? 0n);
    try {
      await this.#replaying.done(this.#stopping.signal);
    } finally {
      this.#replaying = undefined;
      this.#feed.restChangelog(this.#partition);
    }
    this.#goToPositions(task);
    this.#restoreSeconds = (performance.now() - begun) / 1000;
    this.#log.debug({ replayedFrom: String(checkpoint?.offset ?? 0n) }, "partition is owned");
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
    this.#positions = this.#positionsOf(task);
    this.#feed.resumeInputs(this.#partition, this.#feed.addresses);
  }

  async #serve(
    task: StageTask<E, P>,
    handler: InputHandler<E, P>,
    transactor: Transactions,
    served: () => void,
  ): Promise<void> {
    for (;;) {
      const records = await this.#inbox.take(this.#isEachAlone ? 1 : stepSizeMax);
      if (records === undefined) return;
      this.#resumeDrained();
      try {
        await this.#handle(records, task, handler, transactor);
      } catch (error) {
        if (isTooLarge(error)) this.#singleOut(records, error);
        throw error;
      }
      this.#alone = Math.max(0, this.#alone - 1);
      served();
    }
  }

  get #isEachAlone(): boolean {
    return this.#alone > 0 || this.#context.stage.commitsEach === true;
  }

  #resumeDrained(): void {
    const drained = this.#inbox.drained();
    if (drained.length > 0) this.#feed.resumeInputs(this.#partition, drained);
  }

  /** What a batch goes on with; nothing where it ends. */
  async #more(taken: number, until: number): Promise<readonly FetchedRecord[]> {
    if (this.#isEachAlone || taken >= batchSizeMax || performance.now() > until) return [];
    if (this.#inbox.length === 0) return [];
    const more = (await this.#inbox.take(stepSizeMax)) ?? [];
    this.#resumeDrained();
    return more;
  }

  /** Next time these are handled one by one; one that is alone already is hopeless. */
  #singleOut(records: readonly FetchedRecord[], error: unknown): void {
    const [first] = records;
    if (records.length > 1) this.#alone = records.length;
    else if (first !== undefined) this.#hopeless = { place: placeOf(first), error };
  }

  /** Handles the records, and adds to them what it goes on with. */
  async #handle(
    records: FetchedRecord[],
    task: StageTask<E, P>,
    handler: InputHandler<E, P>,
    transactor: Transactions,
  ): Promise<void> {
    const handled: Handled[] = [];
    const until = performance.now() + batchTimeMaxMs;
    for (const record of records) {
      handled.push(await handler.handle(record, this.#failureFor(record)));
      if (handled.length === records.length) records.push(...(await this.#more(records.length, until)));
    }
    const emissions = handled.flatMap((one) => one.emissions);
    // Positions alone need no transaction, since reading such inputs again has no effect: they wait for the next one.
    const changes = task.state.staged();
    const idle = emissions.length === 0 && changes.every(({ table }) => table.startsWith("@"));
    this.#idleInputs = idle ? this.#idleInputs + records.length : 0;
    if (idle && this.#idleInputs < idleInputsMax) return;
    this.#idleInputs = 0;
    const kept = changes.map((change) => this.#changelog.messageOf(change, this.#partition));
    let placed: Placed;
    try {
      this.#committed?.requireSound();
      placed = await transactor.commit(await this.#recordsOf(emissions, kept));
    } catch (error) {
      this.#metrics.transaction("aborted");
      for (const { end } of handled) end("aborted");
      throw error;
    }
    await task.state.commit(this.#checkpointIn(placed, kept));
    this.#positions = this.#positionsOf(task);
    this.#metrics.transaction("committed");
    for (const { end } of handled) end("committed");
  }

  /** What an earlier attempt on this very input met for good. */
  #failureFor(record: FetchedRecord): unknown {
    if (this.#hopeless?.place !== placeOf(record)) return undefined;
    const { error } = this.#hopeless;
    this.#hopeless = undefined;
    return error;
  }

  /** Where the last of the changes stands: all that was committed up to it is known here by now. */
  #checkpointIn(placed: Placed, kept: readonly Message[]): Checkpoint | undefined {
    const offset = placed.get(this.#changelog.placeOf(this.#partition));
    const last = kept.at(-1);
    return offset === undefined || last === undefined ? undefined : { offset, digest: digestOf(last) };
  }

  /** The outputs and the state changes, as Kafka takes them. */
  async #recordsOf(emissions: readonly Emission[], kept: readonly Message[]): Promise<AddressedRecord[]> {
    const { region, stage, partitions, codec } = this.#context;
    const outputs = emissions.map((emission) =>
      recordsOf(emission, { region, stage: stage.name, partitions, codec }),
    );
    const address = changelogTopic(region, stage.name);
    return [...(await Promise.all(outputs)).flat(), ...kept.map((message) => ({ address, message }))];
  }

  #positionsOf(task: StageTask<E, P>): ReadonlyMap<string, bigint> {
    return new Map(this.#feed.addresses.map((address) => [address, task.position(address)]));
  }
}

const sizeOf = ({ message }: FetchedRecord): number => bytesOf(message);

const placeOf = ({ address, message }: FetchedRecord): string => `${address}@${message.offset}`;

/** A replay of the changelog under way: done at its barrier, failed by a record that cannot be read or by silence. */
class Replaying {
  readonly #replay: Replay;
  readonly #outcome = Promise.withResolvers<"restored">();
  #heard = performance.now();

  constructor(replay: Replay) {
    this.#replay = replay;
    this.#outcome.promise.catch(() => undefined);
  }

  async apply(messages: readonly KafkaRecord[]): Promise<void> {
    this.#heard = performance.now();
    try {
      if (await this.#replay.apply(messages)) this.#outcome.resolve("restored");
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
        throw new PavilionError(
          "TIMED_OUT",
          "The state was not restored: nothing more arrives from its changelog.",
        );
      }
    }
  }
}
