/**
 * A Kafka consumer that ends when it is told to. kafkajs's own goes on where the telling finds it between its joinings:
 * while a broker is away, a consumer that was disconnected joins its group again with the broker's return, and holds
 * partitions that nobody serves.
 */
import type { Consumer, ConsumerConfig, Kafka } from "kafkajs";

export interface EndingConsumer {
  readonly consumer: Consumer;
  /** Tells when it has stopped for good without having been told to. */
  readonly onLoss: (tell: (error: unknown) => void) => void;
  /** Leaves the group for good: at once, or as soon as a joining that is under way is done. */
  readonly end: () => Promise<void>;
}

/** It restarts after every failure that passes, until it is ended. */
export function endingConsumer(kafka: Kafka, config: ConsumerConfig): EndingConsumer {
  let hasEnded = false;
  const consumer = kafka.consumer({
    ...config,
    retry: { ...config.retry, restartOnFailure: () => Promise.resolve(!hasEnded) },
  });
  // To be stopped, kafkajs has to be running, which it is from its first fetch on.
  consumer.on(consumer.events.FETCH_START, () => {
    if (hasEnded) consumer.disconnect().catch(() => undefined);
  });
  return {
    consumer,
    onLoss: (tell) => {
      consumer.on(consumer.events.CRASH, ({ payload }) => {
        if (!payload.restart && !hasEnded) tell(payload.error);
      });
    },
    end: async () => {
      hasEnded = true;
      await consumer.disconnect();
    },
  };
}
