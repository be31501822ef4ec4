/**
 * A region in memory, driven by one seed: every stage of a pipeline by the worker that runs it on Kafka, in processes that
 * die, lose their partitions without knowing, and come back; and time that passes only when nothing else can happen.
 *
 * Whatever the scheduler does next is a choice; between two choices exactly one worker goes on, to its next seam. So one
 * seed gives one run.
 */
import { createHash } from "node:crypto";
import { pino } from "pino";
import { headersOf, headerText, eventTypeOf } from "../runtime/kafka/cloudevents.ts";
import { Changelog, type ChangelogKeys } from "../runtime/kafka/changelog.ts";
import { partitionOf } from "../runtime/kafka/partitioner.ts";
import type { Transactions } from "../runtime/kafka/transactor.ts";
import { topicsOf, type AnyStage, type Pipeline, type Serving } from "../runtime/contract/pipeline.ts";
import type { Change } from "../runtime/contract/state.ts";
import { openTelemetry } from "../runtime/telemetry/telemetry.ts";
import type { EventName, EventTypes } from "../schemas/avro/index.ts";
import { changelogTopic, deadLetterTopic, topicFor, type TopicName, type Topics } from "../schemas/topics.ts";
import { Choice } from "./choice.ts";
import { Cluster, type Laxity } from "./cluster.ts";
import { decode, encode, simulatedCodec } from "./codec.ts";
import { Host, type Served } from "./host.ts";
import { addressesOf, type Owners } from "./owners.ts";
import { failing, type Absences, type Failing, type PortFaults } from "./ports.ts";
import { Seams, type Process } from "./seams.ts";
import { SimulatedTransactions, type TransactionFaults } from "./transactions.ts";
import { VirtualTime } from "./virtual-time.ts";

export interface Faults {
  readonly transactions: TransactionFaults;
  readonly ports: PortFaults;
  /** One step in so many a process dies; another takes its partition. 0 for none. */
  readonly crashOneIn: number;
  /** One step in so many a partition gets a new owner, of which its old one may not know. */
  readonly moveOneIn: number;
  /** One fetch in so many starts further back. */
  readonly rewindOneIn: number;
}

export const noFaults: Faults = {
  transactions: { failOneIn: 0 },
  ports: { failOneIn: 0, slowOneIn: 0, awayOneIn: 0 },
  ...{ crashOneIn: 0, moveOneIn: 0, rewindOneIn: 0 },
};

export const harshFaults: Faults = {
  transactions: { failOneIn: 25 },
  ports: { failOneIn: 25, slowOneIn: 4, awayOneIn: 60 },
  ...{ crashOneIn: 60, moveOneIn: 80, rewindOneIn: 15 },
};

/** A defect that is put into the runtime's surroundings, to see that it is found. */
export interface RuntimeMutation {
  readonly cluster?: Laxity;
  /** What stands in the transactions' place. */
  readonly transactions?: (open: () => Transactions) => Transactions;
  /** Event ids are as outsiders' are: they tell nothing. */
  readonly anonymous?: true;
  /** The tables that a replay does not find. */
  readonly forgets?: (table: string) => boolean;
}

/** One that may be put into the stages' ports, too. */
export interface Mutation extends RuntimeMutation {
  /** `lives` counts the processes that had the partition before this one. */
  readonly serving?: (serving: Serving, lives: number) => Serving;
}

/** What a stage of an earlier life of the region left in its changelog, in the partition of a key. */
export interface Remembered {
  readonly stage: string;
  readonly key: string;
  readonly changes: readonly Change[];
}

/** A region, and what runs in it; `M` are the manners in which its load may come. */
export interface Setting<M extends string = string> {
  readonly pipelines: readonly Pipeline[];
  readonly region: string;
  readonly partitions: number;
  readonly owners: Owners;
  /** When a run begins, in milliseconds since the epoch. */
  readonly start: number;
  /** What the region remembers when a run begins; nothing where absent. */
  remembers?(manner: M): readonly Remembered[];
  /**
   * Opens what a run's stages need of the outside: what one run leaves behind another does not see. Each process is then
   * served by it, with stages' own ports, whose calls fail as its means say.
   */
  open(world: World, manner: M): (means: Means) => readonly Serving[];
}

export interface WorldPlan {
  readonly seed: number;
  readonly faults: Faults;
  readonly mutation?: Mutation;
  readonly setting: Setting;
  /** One of the setting's. */
  readonly manner: string;
}

/** How a scenario makes its ports fail. */
export interface Means {
  readonly wrap: <T extends object>(part: T, calls: Failing) => T;
  /** Real work that ends by itself. */
  readonly track: <T>(work: Promise<T>) => Promise<T>;
}

/** An event as it stands committed on a topic. */
export interface LoggedEvent<N extends EventName = EventName> {
  readonly type: N;
  readonly value: EventTypes[N];
  readonly key: string;
  readonly id: string;
  readonly source: string;
  readonly partition: number;
}

/** The id of every event that outsiders publish. */
export const outsideId = "outside";

const log = pino({ level: "silent" });
/** More steps than any sound run takes: a run that goes on is stuck. */
const stepsMax = 10_000;
/** A zombie is heard of again after about so many steps. */
const zombieSteps = 100;

export class World {
  readonly time: VirtualTime;
  readonly topics: Topics;
  readonly #setting: Setting;
  readonly #mutation: Mutation;
  readonly #serving: (means: Means) => readonly Serving[];
  readonly #cluster: Cluster;
  readonly #seams: Seams;
  readonly #hosts = new Set<Host>();
  readonly #zombies = new Map<Host, number>();
  readonly #lives = new Map<string, number>();
  readonly #absences: Absences = new Map();
  readonly #telemetry = openTelemetry();
  readonly #uninstall: () => void;
  readonly #trace = createHash("sha256");
  #faults: Faults;
  #steps = 0;

  constructor({ seed, faults, mutation = {}, setting, manner }: WorldPlan) {
    this.#setting = setting;
    this.#mutation = mutation;
    this.topics = topicsOf(setting.pipelines);
    this.#faults = faults;
    this.time = new VirtualTime(setting.start);
    const chance = new Choice(~seed);
    this.#uninstall = this.time.install(() => chance.below(2 ** 32) / 2 ** 32);
    this.#seams = new Seams(new Choice(seed));
    this.#cluster = new Cluster(
      (address) => this.#partitionsOf(address),
      () => this.time.now,
      mutation.cluster,
    );
    try {
      this.#serving = setting.open(this, manner);
      for (const left of setting.remembers?.(manner) ?? []) this.#remember(left);
      this.#populate(setting);
    } catch (error) {
      this.#uninstall();
      throw error;
    }
  }

  #remember({ stage, key, changes }: Remembered): void {
    const { region, partitions } = this.#setting;
    const address = changelogTopic(region, stage);
    const changelog = new Changelog(address, keysOf());
    const partition = partitionOf(Buffer.from(key), partitions);
    for (const change of changes) this.#cluster.append(address, changelog.messageOf(change, partition));
  }

  #populate({ pipelines, partitions }: Setting): void {
    for (const { stages, asking } of pipelines) {
      for (const stage of stages) {
        for (let partition = 0; partition < partitions; partition++) this.#host({ stage, asking }, partition);
      }
    }
  }

  /** Gives real time back. */
  close(): void {
    for (const host of this.#hosts) host.kill();
    this.#uninstall();
  }

  get choice(): Choice {
    return this.#seams.choice;
  }

  get steps(): number {
    return this.#steps;
  }

  /** SHA-256 of every step that was taken: two runs with one trace are one run. */
  trace(): string {
    return this.#trace.copy().digest("hex");
  }

  /** From here on nothing fails: what is left is to come to its end. */
  becomeCalm(): void {
    this.#faults = noFaults;
    for (const host of [...this.#zombies.keys()]) this.#end(host);
  }

  /** Publishes an event as an outsider does. */
  publish<N extends EventName>(
    topic: TopicName,
    type: N,
    value: EventTypes[N],
    to: { key: string; owner?: string; everywhere?: true },
  ): void {
    const bytes = encode(type, value);
    if (to.everywhere !== true) this.publishBytes(topic, type, bytes, to);
    else {
      for (let partition = 0; partition < this.#setting.partitions; partition++)
        this.publishBytes(topic, type, bytes, { ...to, partition });
    }
  }

  /** Publishes any bytes as an event of the type, to the partition of the key unless one is given. */
  publishBytes(
    topic: TopicName,
    type: EventName,
    value: Buffer,
    to: { key: string; owner?: string; partition?: number; source?: string },
  ): void {
    const headers = headersOf({
      ...{ id: outsideId, type, source: to.source ?? "/outside", time: this.time.now, subject: to.key },
      traceparent: `00-${"1".repeat(32)}-${"1".repeat(16)}-00`,
    });
    const place = to.partition === undefined ? {} : { partition: to.partition };
    const address = topicFor(this.#setting.region, topic, to.owner);
    this.#cluster.append(address, { key: to.key, value, headers, ...place });
  }

  /** Whether what an event says it was derived from stands committed; true for events of outsiders. */
  isDerived({ id }: Pick<LoggedEvent, "id">): boolean {
    const match = /^(.+)\/(\d+)\/(\d+)\/\d+$/.exec(id);
    if (match === null) return true;
    const [, address = "", partition = "", offset = ""] = match;
    return this.#cluster.holds(address, Number(partition), BigInt(offset));
  }

  /** What stands committed on a topic, partition by partition; outsiders' bytes that are no event are left out. */
  events<N extends EventName = EventName>(topic: TopicName): LoggedEvent<N>[] {
    return this.#addressesOf(topic)
      .flatMap((address) => this.#cluster.committed(address))
      .flatMap(({ partition, message: { key, value, headers } }) => {
        const type = eventTypeOf(headers) as N;
        const id = headerText(headers, "ce_id");
        const source = headerText(headers, "ce_source");
        if (id === outsideId && !isEvent(type, value)) return [];
        return [
          {
            type,
            value: decode(type, value ?? Buffer.alloc(0)),
            key: key?.toString() ?? "",
            id,
            source,
            partition,
          },
        ];
      });
  }

  /** What stages gave up. */
  deadLetters(): { readonly value: EventTypes["DeadLetter"] }[] {
    const { region, pipelines } = this.#setting;
    return pipelines
      .flatMap(({ stages }) => stages)
      .flatMap(({ name }) => this.#cluster.committed(deadLetterTopic(region, name)))
      .map(({ message: { value } }) => ({ value: decode("DeadLetter", value ?? Buffer.alloc(0)) }));
  }

  /** A second's ticks: two processes run the stages that are up between them, and each names its own. */
  tick(down: readonly string[] = []): void {
    const names = this.#setting.pipelines.flatMap(({ stages }) => stages.map(({ name }) => name));
    const up = names.filter((name) => !down.includes(name));
    const cut = this.choice.below(up.length + 1);
    const workers = { one: up.slice(0, cut), other: up.slice(cut) };
    for (const [worker, stages] of Object.entries(workers)) {
      if (stages.length === 0) continue;
      this.publish("clock.ticks", "Tick", { worker, stages }, { key: worker, everywhere: true });
    }
  }

  /** Lets so many seconds pass, each told by its ticks. */
  async passSeconds(seconds: number, down: readonly string[] = []): Promise<void> {
    for (let second = 0; second < seconds; second++) {
      await this.wait(1_000);
      this.tick(down);
      await this.settle(down);
    }
  }

  /** Goes on until nothing is left to do, except by stages that are down. */
  async settle(down: readonly string[] = []): Promise<void> {
    for (;;) {
      await this.#seams.quiet();
      if (await this.#step(down)) continue;
      if (this.time.next === undefined) return;
      this.time.pass();
    }
  }

  /** Lets time pass, timer by timer. */
  async wait(milliseconds: number): Promise<void> {
    const moment = this.time.now + milliseconds;
    do {
      await this.#seams.quiet();
      this.time.pass(moment);
    } while (this.time.now < moment);
  }

  /** Goes on for so many steps at most, except by stages that are down. */
  async go(steps: number, down: readonly string[] = []): Promise<void> {
    for (let taken = 0; taken < steps; taken++) {
      await this.#seams.quiet();
      if (!(await this.#step(down))) return;
    }
  }

  /** Takes one step; false where there is none. */
  async #step(down: readonly string[]): Promise<boolean> {
    const { choice, gates } = this.#seams;
    const isUp = ({ stage }: Process): boolean => !down.includes(stage);
    const open = gates.filter(({ process }) => isUp(process));
    const fetches = [...this.#hosts]
      .filter(({ process }) => isUp(process))
      .flatMap((host) => host.fetchable.map((address) => ({ host, address })));
    const chosen = choice.below(Math.max(open.length + fetches.length, 1));
    const [gate, fetch] = [open[chosen], fetches[chosen - open.length]];
    if (gate === undefined && fetch === undefined) return false;
    this.#steps += 1;
    if (this.#steps > stepsMax) throw new Error("the run does not come to an end");
    if (gate !== undefined) {
      this.#note(gate.process.stage, gate.label);
      gate.open();
    } else if (fetch !== undefined) {
      const { host, address } = fetch;
      this.#note(host.served.stage.name, address);
      host.fetch(address, choice.oneIn(this.#faults.rewindOneIn));
    }
    await this.#misfortune(isUp);
    return true;
  }

  #note(stage: string, what: string): void {
    this.#trace.update(`${String(this.time.now)} ${stage} ${what}\n`);
  }

  /** Processes die and partitions move, now and then. */
  async #misfortune(isUp: (process: Process) => boolean): Promise<void> {
    const { choice } = this.#seams;
    for (const [host, until] of this.#zombies) if (until < this.#steps) this.#end(host);
    const [dies, moves] = [choice.oneIn(this.#faults.crashOneIn), choice.oneIn(this.#faults.moveOneIn)];
    if (!dies && !moves) return;
    await this.#seams.quiet();
    const host = choice.pick([...this.#hosts].filter((one) => !this.#zombies.has(one) && isUp(one.process)));
    if (host === undefined) return;
    this.#note(host.served.stage.name, dies ? "dies" : "moves");
    if (dies) this.#end(host);
    else {
      this.#zombies.set(host, this.#steps + choice.below(2 * zombieSteps));
      // Half of them hear of it and stop what they do; the others go on as if nothing had happened.
      if (choice.oneIn(2)) host.stop().catch(() => undefined);
    }
    this.#host(host.served, host.partition);
  }

  #end(host: Host): void {
    this.#zombies.delete(host);
    this.#hosts.delete(host);
    host.kill();
  }

  #host({ stage, asking }: Served, partition: number): void {
    const { region, partitions, owners } = this.#setting;
    const mutation = this.#mutation;
    const place = `${stage.name}/${String(partition)}`;
    const lives = this.#lives.get(place) ?? 0;
    this.#lives.set(place, lives + 1);
    const process: Process = { dead: false, stage: stage.name };
    const [cluster, seams] = [this.#cluster, this.#seams];
    const open = (id: string): Transactions => {
      const begin = (): Transactions =>
        new SimulatedTransactions({ cluster, seams, process }, id, () => this.#faults.transactions);
      return mutation.transactions?.(begin) ?? begin();
    };
    this.#hosts.add(
      new Host({
        ...{ served: { stage, asking }, partition, owners, cluster, seams, process },
        anonymous: mutation.anonymous === true,
        context: {
          ...{ region, partitions, log, telemetry: this.#telemetry, codec: simulatedCodec(this.topics) },
          ports: this.#servingOf(stage, process, lives).ports,
          keys: keysOf(mutation.forgets),
          openTransactions: (id) => Promise.resolve(open(id)),
        },
      }),
    );
  }

  #servingOf(stage: AnyStage, process: Process, lives: number): Serving {
    const seams = this.#seams;
    const surroundings = {
      ...{ seams, process, absences: this.#absences },
      now: () => this.time.now,
      faults: () => this.#faults.ports,
    };
    const serving = this.#serving({
      wrap: (part, calls) => failing(part, calls, surroundings),
      track: (work) => seams.track(work),
    });
    const own = serving.find((one) => one.stage === stage);
    if (own === undefined) throw new Error(`nothing serves ${stage.name}`);
    return this.#mutation.serving?.(own, lives) ?? own;
  }

  #addressesOf(topic: TopicName): string[] {
    const { region, owners } = this.#setting;
    return addressesOf(region, topic, owners).map(({ address }) => address);
  }

  #partitionsOf(address: string): number {
    const { partitions } = this.#setting;
    for (const topic of this.topics.names) {
      if (this.#addressesOf(topic).includes(address))
        return this.topics.of(topic).partitions === "spread" ? partitions : 1;
    }
    return partitions;
  }
}

/** Changelogs in the clear; what is to be forgotten comes back under another table. */
const keysOf = (forgets: Mutation["forgets"] = () => false): ChangelogKeys => ({
  nameOf: (text) => text,
  seal: (plaintext) => Buffer.from(plaintext),
  open(envelope) {
    const [table, ...entry] = JSON.parse(Buffer.from(envelope).toString()) as [string, string, unknown];
    return Buffer.from(JSON.stringify([forgets(table) ? "forgotten" : table, ...entry]));
  },
});

function isEvent(type: EventName, value: Buffer | null): boolean {
  try {
    decode(type, value ?? Buffer.alloc(0));
    return true;
  } catch {
    return false;
  }
}
