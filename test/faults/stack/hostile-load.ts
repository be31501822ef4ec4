/**
 * Records that an admitted broker or provider may publish and no client of ours would: each kind in turn, on partitions as
 * they come. Where each was stored is known, so that it can be accounted for.
 */
import { randomBytes, randomUUID } from "node:crypto";
import { setTimeout as sleep } from "node:timers/promises";
import { zstdCompressSync } from "node:zlib";
import kafkajs, {
  type CompressionTypes as Compression,
  type Kafka,
  type Message,
  type Producer,
} from "kafkajs";
import { connectKafka } from "../../../runtime/kafka/client.ts";
import { openCodec } from "../../../runtime/registry/codec.ts";
import type { SignedRequest } from "../../../schemas/avro/index.ts";
import { topicFor } from "../../../schemas/topics.ts";
import { lz4, snappy } from "../../integration/hostile-batches.ts";
import { log } from "../fault-rig.ts";
import { oneOf } from "../seeded.ts";
import { region, type StackRig } from "./stack-rig.ts";
import { topics } from "../../../pipelines/pipelines.ts";

const { CompressionCodecs, CompressionTypes } = kafkajs;
const codecOf = (pack: (records: Buffer) => Buffer) => () => ({
  compress: ({ buffer }: { buffer: Buffer }) => Promise.resolve(pack(buffer)),
  decompress: () => Promise.reject(new Error("nothing is read here")),
});
CompressionCodecs[CompressionTypes.ZSTD] = codecOf((records) => zstdCompressSync(records));
CompressionCodecs[CompressionTypes.LZ4] = codecOf(lz4);
CompressionCodecs[CompressionTypes.Snappy] = codecOf(snappy);

const retryAfterMs = 500;
const partitions = 2;
const megabyte = 1024 * 1024;

export interface Hostile {
  readonly kind: string;
  /** `topic/partition/offset`; undefined where it is open whether it was stored. */
  readonly place: string | undefined;
}

interface Made extends Omit<Message, "value"> {
  readonly value: Buffer | null;
  readonly compression?: Compression;
}

const typed = (type: string) => ({
  ce_type: `pavilion.${type}`,
  ce_id: randomUUID(),
  ce_source: "/broker/x",
});
const request = typed("SignedRequest");
const headersMany = (count: number) =>
  Object.fromEntries(Array.from({ length: count }, (_, index) => [`h${String(index)}`, "x"]));

/** A record of a client that compresses as Kafka's own do. */
const packed = (compression: Compression) => (): Made => ({
  ...{ key: randomUUID(), value: randomBytes(50), headers: typed("SignedRequest"), compression },
});

/** What each kind makes of a genuine request's bytes and id. */
const kinds: Readonly<Record<string, (genuine: Buffer, id: string) => Made>> = {
  "an exact copy": (value, key) => ({ key, value, headers: typed("SignedRequest") }),
  "a copy in lz4": (value, key) => ({
    ...{ key, value, headers: typed("SignedRequest"), compression: CompressionTypes.LZ4 },
  }),
  "a copy under another key": (value) => ({ key: randomUUID(), value, headers: typed("SignedRequest") }),
  garbage: () => ({ key: randomUUID(), value: randomBytes(400), headers: typed("SignedRequest") }),
  empty: () => ({ key: randomUUID(), value: Buffer.alloc(0), headers: typed("SignedRequest") }),
  tombstone: () => ({ key: randomUUID(), value: null, headers: typed("SignedRequest") }),
  keyless: () => ({ key: null, value: randomBytes(20), headers: typed("SignedRequest") }),
  headerless: (genuine) => ({ key: randomUUID(), value: genuine }),
  "of another type": (genuine) => ({ key: randomUUID(), value: genuine, headers: typed("Result") }),
  truncated: (genuine) => ({
    key: randomUUID(),
    value: genuine.subarray(0, genuine.length / 2),
    headers: typed("SignedRequest"),
  }),
  "of a foreign schema": (genuine) => {
    const value = Buffer.from(genuine);
    value.writeInt32BE(0x7fff_ffff, 1);
    return { key: randomUUID(), value, headers: request };
  },
  "of another event's schema": (genuine) => {
    const value = Buffer.from(genuine);
    value.writeInt32BE(1 + (genuine.readInt32BE(1) % 8), 1);
    return { key: randomUUID(), value, headers: request };
  },
  unsigned: (genuine) => {
    const value = Buffer.from(genuine);
    value[value.length - 3] = (value.at(-3) ?? 0) ^ 1;
    return { key: randomUUID(), value, headers: typed("SignedRequest") };
  },
  "of a giant key": () => ({ key: randomBytes(300 * 1024), value: randomBytes(9), headers: request }),
  "of many headers": () => ({ key: "h", value: randomBytes(9), headers: headersMany(4_000) }),
  "a bomb of gzip": () => ({
    ...{ key: randomUUID(), value: Buffer.alloc(64 * megabyte), headers: typed("SignedRequest") },
    compression: CompressionTypes.GZIP,
  }),
  "a bomb of zstd": () => ({
    ...{ key: randomUUID(), value: Buffer.alloc(64 * megabyte), headers: typed("SignedRequest") },
    compression: CompressionTypes.ZSTD,
  }),
  "innocent zstd": packed(CompressionTypes.ZSTD),
  "innocent lz4": packed(CompressionTypes.LZ4),
  "innocent snappy": packed(CompressionTypes.Snappy),
};

export class HostileLoad {
  readonly published: Hostile[] = [];
  readonly #rig: StackRig;
  readonly #random: () => number;
  readonly #genuine: () => SignedRequest | undefined;
  #producers: Map<string, Producer> = new Map<string, Producer>();
  #encode: ((genuine: SignedRequest) => Promise<Buffer>) | undefined;
  #stopping = false;
  #running: Promise<void> = Promise.resolve();

  /** `genuine` hands out a request that was published, to be copied. */
  constructor(rig: StackRig, random: () => number, genuine: () => SignedRequest | undefined) {
    this.#rig = rig;
    this.#random = random;
    this.#genuine = genuine;
  }

  start(everyMs: number): void {
    this.#running = this.#run(everyMs);
  }

  async stop(): Promise<void> {
    this.#stopping = true;
    await this.#running;
    await this.#close();
  }

  async #run(everyMs: number): Promise<void> {
    for (let turn = 0; !this.#stopping; turn++) {
      const [kind, make] = Object.entries(kinds)[turn % Object.keys(kinds).length] ?? [];
      try {
        if (kind !== undefined && make !== undefined) await this.#publish(kind, make);
      } catch {
        await this.#close();
        await sleep(retryAfterMs);
      }
      await sleep(everyMs);
    }
  }

  async #publish(kind: string, make: (typeof kinds)[string]): Promise<void> {
    const copied = this.#genuine();
    if (copied === undefined) return;
    this.#encode ??= await this.#encoder();
    const { compression, ...message } = make(await this.#encode(copied), copied.requestId);
    const [role, name, topic] = oneOf(this.#random, [
      ["broker", "core", topicFor(region, "broker.requests")],
      ["broker", "core", topicFor(region, "broker.requests")],
      ["provider", "insurer", topicFor(region, "ingest.<provider>", "insurer")],
    ] as const);
    const producer = await this.#producerOf(role, name);
    const partition = Math.floor(this.#random() * partitions);
    let place: string | undefined;
    try {
      const [stored] = await producer.send({
        ...{ topic, acks: -1, messages: [{ ...message, partition }] },
        ...(compression === undefined ? {} : { compression }),
      });
      place = `${topic}/${String(partition)}/${stored?.baseOffset ?? ""}`;
    } finally {
      this.published.push({ kind, place });
    }
  }

  async #encoder(): Promise<(genuine: SignedRequest) => Promise<Buffer>> {
    const codec = await openCodec(this.#rig.accessOf("broker", "core").registryUrl, topics);
    return (genuine) => codec.encode("broker.requests", "SignedRequest", genuine);
  }

  async #producerOf(role: "provider" | "broker", name: string): Promise<Producer> {
    const known = this.#producers.get(name);
    if (known !== undefined) return known;
    const kafka: Kafka = connectKafka(this.#rig.accessOf(role, name).kafka, `hostile-${name}`, log);
    const producer = kafka.producer({ retry: { retries: 0 }, allowAutoTopicCreation: false });
    await producer.connect();
    this.#producers.set(name, producer);
    return producer;
  }

  async #close(): Promise<void> {
    const open = [...this.#producers.values()];
    this.#producers = new Map();
    await Promise.allSettled(open.map((producer) => producer.disconnect()));
  }
}
