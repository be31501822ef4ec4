/**
 * The region's clock: a tick to every partition each second. The broker's timestamp on the tick is the recorded time;
 * the stages named in it are the region's health. Several workers may tick at once: stages only ever look at the time.
 */
import { randomBytes, randomUUID } from "node:crypto";
import type { Kafka } from "kafkajs";
import { topicFor } from "../../schemas/topics.ts";
import type { Log } from "../log.ts";
import type { Codec } from "../registry/codec.ts";
import { headersOf, newTraceparent } from "./cloudevents.ts";
import { byKey } from "./partitioner.ts";

export interface Clock {
  stop(): Promise<void>;
}

const tickIntervalMs = 1_000;

export async function startClock(context: {
  kafka: Kafka;
  codec: Codec;
  region: string;
  partitions: number;
  worker: string;
  stages: readonly string[];
  log: Log;
}): Promise<Clock> {
  const { kafka, codec, region, partitions, worker, stages, log } = context;
  const producer = kafka.producer({ allowAutoTopicCreation: false, createPartitioner: byKey });
  await producer.connect();
  const value = await codec.encode("clock.ticks", "Tick", { worker, stages: [...stages] });
  const tick = async (): Promise<void> => {
    const headers = headersOf({
      id: randomUUID(),
      type: "Tick",
      source: `/${region}/clock`,
      time: Date.now(),
      subject: worker,
      traceparent: newTraceparent(randomBytes(24)),
    });
    const messages = Array.from({ length: partitions }, (_, partition) => ({
      key: worker,
      value,
      headers,
      partition,
    }));
    await producer.send({ topic: topicFor(region, "clock.ticks"), messages });
  };
  await tick();
  let sending: Promise<void> | undefined;
  const timer = setInterval(() => {
    // While Kafka is away no ticks pile up: time that nobody recorded has not passed.
    sending ??= tick()
      .catch((error: unknown) => {
        log.warn({ error }, "tick failed");
      })
      .finally(() => (sending = undefined));
  }, tickIntervalMs);
  return {
    async stop() {
      clearInterval(timer);
      await sending;
      await producer.disconnect();
    },
  };
}
