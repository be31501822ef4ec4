/**
 * The counting pipeline at work on its parts, with a load that does not stop: what the fault tests do their faults to,
 * and how they count afterwards.
 */
import { randomUUID } from "node:crypto";
import { join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import type { Kafka } from "kafkajs";
import { connectKafka } from "../../runtime/kafka/client.ts";
import { groupOf } from "../../runtime/kafka/partition-worker.ts";
import { openReader, type Reader } from "../../runtime/kafka/reader.ts";
import { openLog } from "../../runtime/log.ts";
import { openCodec, type Codec } from "../../runtime/registry/codec.ts";
import { topicFor } from "../../schemas/topics.ts";
import { Operator } from "../../services/operator/operator.ts";
import { countAll, type Count } from "./count.ts";
import { countingKeys } from "./counting-keys.ts";
import { startLoad, type Load } from "./counting-load.ts";
import { countingRegion, hops, partitions, region, type Item, type Told } from "./counting-stages.ts";
import { Crew } from "./crew.ts";
import { FaultParts, type PartsPlan } from "./fault-parts.ts";
import { topicsOf } from "../../runtime/contract/pipeline.ts";

export interface RigPlan extends PartsPlan {
  readonly workers: readonly string[];
  readonly itemsPerSecond: number;
}

/** Slow machines take their time for everything: what is waited for must come, not come soon. */
export const limitMs = 300_000;

export const log = openLog({ service: "faults" }, process.env.PAVILION_TEST_LOG ?? "silent");

export class FaultRig {
  readonly parts: FaultParts;
  readonly kafka: Kafka;
  readonly codec: Codec;
  readonly #plan: RigPlan;
  readonly #loads: Load[] = [];
  /** Items that a test has published by itself. */
  readonly #extra: { readonly item: Item; readonly isSure: boolean }[] = [];
  /** Items that have come out of the last hop, for a view of how it goes; the count reads for itself. */
  readonly #out = new Set<string>();
  /** The same in the order in which they came. */
  readonly #arrivals: string[] = [];
  #reader: { readonly reader: Reader; readonly of: number } | undefined;
  /** Readers of a broker that is gone, on their way to their end. */
  readonly #left: Promise<unknown>[] = [];
  #crew: Crew;

  /** Starts parts, region, workers and load; resolves when items come out at the end. */
  static async start(plan: RigPlan): Promise<FaultRig> {
    const parts = await FaultParts.start(plan);
    let rig: FaultRig | undefined;
    try {
      const kafka = connectKafka(parts.direct, "operator", log);
      const codec = await openCodec(parts.registryUrl, topicsOf(countingRegion), countingKeys);
      const operator = await Operator.connect({ kafka, codec, pipelines: countingRegion, log });
      await operator.openRegion({ name: region, partitions });
      await operator.disconnect();
      rig = new FaultRig(plan, parts, kafka, codec);
      await rig.startCrew();
      rig.startLoad();
      await rig.progress();
      return rig;
    } catch (error) {
      await (rig ?? parts).stop();
      throw error;
    }
  }

  private constructor(plan: RigPlan, parts: FaultParts, kafka: Kafka, codec: Codec) {
    this.#plan = plan;
    this.parts = parts;
    this.kafka = kafka;
    this.codec = codec;
    this.#crew = this.#newCrew();
  }

  get crew(): Crew {
    return this.#crew;
  }

  /** Starts the workers, new ones after `crew.stop()`. */
  async startCrew(): Promise<void> {
    this.#crew = this.#newCrew();
    for (const name of this.#plan.workers) await this.#crew.start(name);
  }

  #newCrew(): Crew {
    const { proxied, registryUrl } = this.parts;
    return new Crew(join(this.#plan.dir, "workers"), { kafka: proxied, registryUrl });
  }

  get in(): number {
    return this.#loads.reduce((sum, { sent }) => sum + sent.length, 0);
  }

  get out(): number {
    return this.#out.size;
  }

  /** The load goes through the proxy, as the workers do. */
  startLoad(): void {
    const kafka = connectKafka(this.parts.outside, "load", log);
    this.#loads.push(startLoad(kafka, this.codec, this.#plan.itemsPerSecond, this.#plan.random));
  }

  /** Has an item counted that was not the load's: published for sure, or perhaps. */
  expect(item: Item, isSure = true): void {
    this.#extra.push({ item, isSure });
  }

  isOut(item: Item): boolean {
    return this.#out.has(item.id);
  }

  /** Resolves once so many items that were not yet published now have come out: all hops of the pipeline work. */
  async progress(items = 20): Promise<void> {
    const before = new Set(this.#loads.flatMap(({ sent }) => sent.map(({ id }) => id)));
    const arrived = this.#arrivals.length;
    const news = (): string[] => this.#arrivals.slice(arrived).filter((id) => !before.has(id));
    await this.until(() => news().length >= items);
  }

  async until(condition: () => boolean): Promise<void> {
    const deadline = performance.now() + limitMs;
    while (!condition()) {
      await this.#follow();
      if (performance.now() > deadline)
        throw new Error("the pipeline did not do in time what was waited for");
      await sleep(50);
    }
  }

  /** Resolves once the clients that are members of the hops' groups are all of this kind. */
  async untilMembers(isRight: (client: string) => boolean): Promise<void> {
    const admin = this.kafka.admin();
    await admin.connect();
    try {
      const deadline = performance.now() + limitMs;
      const groups = Object.values(hops).map(({ stage }) => groupOf(region, stage));
      for (;;) {
        const described = await admin.describeGroups(groups);
        const members = described.groups.flatMap((group) => group.members);
        if (members.every(({ clientId }) => isRight(clientId))) return;
        if (performance.now() > deadline) throw new Error("a group has members that should have left it");
        await sleep(500);
      }
    } finally {
      await admin.disconnect();
    }
  }

  /** Ends the load, waits until all of it has come out, and counts; again where something is wrong, up to `tries`. */
  async count(tries = recountsMax): Promise<Count> {
    await Promise.all(this.#loads.map((load) => load.stop()));
    const extra = (isSure: boolean): Item[] =>
      this.#extra.filter((one) => one.isSure === isSure).map(({ item }) => item);
    const sent = [...this.#loads.flatMap((load) => load.sent), ...extra(true)];
    const unsure = [...this.#loads.flatMap((load) => load.unsure), ...extra(false)];
    // What does not come out is told by the count, item by item.
    await this.until(() => sent.every(({ id }) => this.#out.has(id))).catch(() => undefined);
    const { kafka, codec, parts } = this;
    const counted = { access: parts.direct, kafka, codec, sent, unsure };
    // What was published perhaps may still be on its way; what is wrong stays wrong.
    for (let left = tries - 1; ; left -= 1) {
      const count = await countAll(counted);
      if (count.problems.length === 0 || left <= 0) return count;
      await sleep(recountAfterMs);
    }
  }

  async stop(): Promise<void> {
    await Promise.all(this.#loads.map((load) => load.stop()));
    await this.#crew.stop();
    if (this.#reader !== undefined) this.#leave(this.#reader.reader);
    await Promise.all(this.#left);
    await this.parts.stop();
  }

  /** Follows the last topic past the faults; a reader does not outlive the broker that it was opened on. */
  async #follow(): Promise<void> {
    const { kafkaRuns, kafkaStarts } = this.parts;
    if (!kafkaRuns || this.#reader?.of === kafkaStarts) return;
    if (this.#reader !== undefined) this.#leave(this.#reader.reader);
    this.#reader = undefined;
    const reader = await openReader(this.kafka, {
      topic: topicFor(region, hops.third.output),
      group: `test.${randomUUID()}`,
      from: "beginning",
      handle: async ({ value }) => {
        const text = value ?? Buffer.alloc(0);
        const bundle = await this.codec.decode(hops.third.output, "EvidenceBundle", text);
        this.#arrive((JSON.parse(bundle.text) as Told).id);
      },
      fail: () => {
        this.#reader = undefined;
      },
    }).catch(() => undefined);
    if (reader !== undefined) this.#reader = { reader, of: kafkaStarts };
  }

  #arrive(id: string): void {
    if (this.#out.has(id)) return;
    this.#out.add(id);
    this.#arrivals.push(id);
  }

  #leave(reader: Reader): void {
    this.#left.push(reader.close().catch(() => undefined));
  }
}

const recountsMax = 4;
const recountAfterMs = 5_000;
