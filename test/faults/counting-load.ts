/**
 * Items for the counting pipeline, published one after another through the faults by the project's own publisher. What
 * was published for sure is known apart from what may have been: where publishing fails, its outcome is open.
 */
import { randomUUID } from "node:crypto";
import { setTimeout as sleep } from "node:timers/promises";
import type { Kafka } from "kafkajs";
import { openPublisher, type Publisher } from "../../runtime/kafka/publisher.ts";
import type { Codec } from "../../runtime/registry/codec.ts";
import { hops, region, type Item } from "./counting-stages.ts";

export interface Load {
  /** Published for sure. */
  readonly sent: readonly Item[];
  /** Published perhaps. */
  readonly unsure: readonly Item[];
  /** Ends after the item under way. */
  stop(): Promise<void>;
}

const keys = ["amber", "birch", "cedar", "dogwood", "elder"];
const retryAfterMs = 500;

export function startLoad(kafka: Kafka, codec: Codec, perSecond: number, random: () => number): Load {
  const sent: Item[] = [];
  const unsure: Item[] = [];
  let stopping = false;
  let publisher: Publisher | undefined;

  async function publishNext(): Promise<void> {
    const key = keys[Math.floor(random() * keys.length)] ?? "";
    const item = { id: randomUUID(), key, value: Math.floor(random() * 1_000) };
    try {
      publisher ??= await openPublisher(kafka, codec, region, "/load");
    } catch {
      await sleep(retryAfterMs);
      return;
    }
    try {
      const { topic, type, value } = inputOf(item);
      await publisher.publish(topic, type, value, { key });
      sent.push(item);
    } catch {
      unsure.push(item);
      await sleep(retryAfterMs);
    }
  }

  async function run(): Promise<void> {
    // What could not be published in time is not made up for: the load stays what it is after a fault, too.
    while (!stopping) {
      const due = performance.now() + 1_000 / perSecond;
      await publishNext();
      await sleep(Math.max(0, due - performance.now()));
    }
    await publisher?.close().catch(() => undefined);
  }

  const running = run();
  return {
    sent,
    unsure,
    async stop() {
      stopping = true;
      await running;
    },
  };
}

/** An item as the pipeline's first hop takes it. */
export function inputOf({ id, key, value }: Item) {
  const head = { collaboration: "c", epoch: 1, provider: "p", dataset: key, sequence: value, head: id };
  return {
    topic: hops.first.input,
    type: "DatasetHead",
    value: { ...head, complete: true, signature: "" },
  } as const;
}
