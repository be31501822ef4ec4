/**
 * Sends records into the first topic of a chain and awaits them, committed, on the last: latencies at a rate, and how
 * quickly a backlog drains. One process with one clock sends and receives. Every record must arrive; one that arrives
 * twice counts once.
 */
import { randomUUID } from "node:crypto";
import { setTimeout as sleep } from "node:timers/promises";
import type { Consumer, Kafka, Message, Producer } from "kafkajs";
import { PavilionError } from "../../errors/errors.ts";
import { headersOf } from "../../runtime/kafka/cloudevents.ts";
import { freshTraceparent } from "../../runtime/kafka/publisher.ts";
import type { Codec } from "../../runtime/registry/codec.ts";
import { carriedText, chainIn, links } from "./chain.ts";
import { sendTimes } from "./pace.ts";

/** Nothing that is measured takes nearly so long. */
const arrivalLimitMs = 60_000;
const probeMs = 500;
/** Kafka takes a batch of so many. */
const sendMax = 1_000;

export class Meter {
  readonly #topic: string;
  readonly #region: string;
  readonly #value: Buffer;
  readonly #producer: Producer;
  readonly #loader: Producer;
  readonly #consumer: Consumer;
  /** When what is still under way was sent, by key; undefined where nobody asks how long it takes. */
  readonly #underWay = new Map<string, number | undefined>();
  #latencies: number[] = [];
  #allArrived: (() => void) | undefined;

  static async open(kafka: Kafka, codec: Codec, region: string): Promise<Meter> {
    const [first] = links;
    if (first === undefined) throw new Error("a chain has a first topic");
    const value = await codec.encode(first.topic, first.event, first.valueWith(carriedText));
    const meter = new Meter(kafka, region, value);
    await meter.#connect();
    return meter;
  }

  private constructor(kafka: Kafka, region: string, value: Buffer) {
    this.#topic = chainIn(region)[0] ?? "";
    this.#region = region;
    this.#value = value;
    this.#producer = kafka.producer({ allowAutoTopicCreation: false });
    this.#loader = kafka.producer({
      transactionalId: `${region}.loader`,
      maxInFlightRequests: 1,
      allowAutoTopicCreation: false,
    });
    this.#consumer = kafka.consumer({
      groupId: `${region}.meter`,
      maxWaitTimeInMs: 250,
      readUncommitted: false,
      allowAutoTopicCreation: false,
    });
  }

  /** Whether a record has got through by now: the last call's, or one of its own. */
  async probe(): Promise<boolean> {
    if (this.#underWay.size === 0) await this.#send();
    return this.#arrived(probeMs);
  }

  /** Milliseconds of each record that is sent at the mean rate, in records a second. */
  async latencies(rate: number, seconds: number): Promise<number[]> {
    this.#latencies = [];
    const start = performance.now();
    const sent: Promise<void>[] = [];
    for (const at of sendTimes(rate, seconds)) {
      await sleep(Math.max(0, start + at - performance.now()));
      sent.push(this.#send());
    }
    await Promise.all(sent);
    await this.#requireArrival();
    return this.#latencies;
  }

  /**
   * Records a second at which a backlog goes through all hops. It becomes visible at once, with the commit of the one
   * transaction that it was written in, so that every hop is warm and idle when it appears.
   */
  async drain(records: number): Promise<number> {
    const messages = Array.from({ length: records }, () => this.#record());
    const transaction = await this.#loader.transaction();
    for (let index = 0; index < records; index += sendMax) {
      await transaction.send({ topic: this.#topic, messages: messages.slice(index, index + sendMax) });
    }
    for (const { key } of messages) this.#underWay.set(String(key), undefined);
    const start = performance.now();
    await transaction.commit();
    await this.#requireArrival();
    return (records * 1000) / (performance.now() - start);
  }

  async close(): Promise<void> {
    await Promise.all([this.#producer.disconnect(), this.#loader.disconnect(), this.#consumer.disconnect()]);
  }

  async #connect(): Promise<void> {
    await Promise.all([this.#producer.connect(), this.#loader.connect(), this.#consumer.connect()]);
    const last = chainIn(this.#region).at(-1) ?? "";
    await this.#consumer.subscribe({ topics: [last], fromBeginning: true });
    await this.#consumer.run({
      autoCommit: false,
      eachBatch: ({ batch }) => {
        const now = performance.now();
        for (const { key } of batch.messages) this.#arrive(String(key), now);
        return Promise.resolve();
      },
    });
  }

  #arrive(key: string, now: number): void {
    const sentAt = this.#underWay.get(key);
    if (!this.#underWay.delete(key)) return;
    if (sentAt !== undefined) this.#latencies.push(now - sentAt);
    if (this.#underWay.size === 0) this.#allArrived?.();
  }

  async #send(): Promise<void> {
    const message = this.#record();
    this.#underWay.set(String(message.key), performance.now());
    await this.#producer.send({ topic: this.#topic, acks: -1, messages: [message] });
  }

  #record(): Message {
    const key = randomUUID();
    const headers = headersOf({
      id: randomUUID(),
      type: links[0]?.event ?? "DatasetHead",
      source: "/bench/meter",
      time: Date.now(),
      subject: key,
      traceparent: freshTraceparent(),
    });
    return { key, value: this.#value, headers };
  }

  /** Whether nothing is under way any more within the time. */
  async #arrived(limitMs: number): Promise<boolean> {
    if (this.#underWay.size === 0) return true;
    const done = new Promise<true>((resolve) => {
      this.#allArrived = () => {
        resolve(true);
      };
    });
    const patience = new AbortController();
    const late = sleep(limitMs, false as const, { signal: patience.signal }).catch(() => false as const);
    const arrived = await Promise.race([done, late]);
    patience.abort();
    return arrived;
  }

  async #requireArrival(): Promise<void> {
    if (await this.#arrived(arrivalLimitMs)) return;
    const missing = String(this.#underWay.size);
    throw new PavilionError(
      "TIMED_OUT",
      `${missing} records did not arrive through the hops of ${this.#region}.`,
    );
  }
}
