/**
 * Seven hops on kafkajs alone, as it is published, at least once: what is fetched is sent on in one go, unread, and its
 * offsets are committed after that, at most once a second. Nothing is decoded, encoded or remembered: the fastest that
 * this client honestly does.
 */
import { Kafka, logLevel } from "kafkajs";
import { chainIn } from "./chain.ts";
import { ownConfig } from "./side.ts";

const { access, region, partitions } = ownConfig();
const commitIntervalMs = 1_000;

async function startHop(kafka: Kafka, from: string, to: string, groupId: string): Promise<void> {
  const producer = kafka.producer({ allowAutoTopicCreation: false });
  const consumer = kafka.consumer({ groupId, maxWaitTimeInMs: 250, allowAutoTopicCreation: false });
  await producer.connect();
  await consumer.connect();
  await consumer.subscribe({ topics: [from], fromBeginning: true });
  await consumer.run({
    autoCommitInterval: commitIntervalMs,
    partitionsConsumedConcurrently: partitions,
    eachBatch: async ({ batch }) => {
      const messages = batch.messages.map(({ key, value, headers }) => ({
        ...{ key, value },
        ...(headers === undefined ? {} : { headers }),
      }));
      await producer.send({ topic: to, acks: -1, messages });
    },
  });
}

// Not by the runtime's own client, which may change how kafkajs works.
const kafka = new Kafka({
  clientId: `${region}.hops`,
  brokers: access.bootstrap.split(","),
  sasl: { mechanism: "scram-sha-512", username: access.username, password: access.password },
  retry: { initialRetryTime: 3, maxRetryTime: 1_000, retries: 25 },
  logLevel: logLevel.ERROR,
});
const chain = chainIn(region);
await Promise.all(
  chain
    .slice(1)
    .map((to, index) => startHop(kafka, chain[index] ?? "", to, `${region}.hop-${String(index + 1)}`)),
);
