/**
 * How far a principal gets on Kafka, found out by trying: which topics it reads and which it writes. Kafka shows a
 * topic to whoever may do either, so that a topic which is not even shown is neither read nor written.
 */
import type { Kafka } from "kafkajs";

export interface Reach {
  readonly read: readonly string[];
  readonly write: readonly string[];
}

const once = { retry: { retries: 0, restartOnFailure: () => Promise.resolve(false) } };

/** Reads in a group that the principal may use. Writes a record that nobody can read to whatever takes it. */
export async function reachOf(kafka: Kafka, groupId: string, topics: readonly string[]): Promise<Reach> {
  const shown = await shownTo(kafka, groupId, topics);
  return { read: await readable(kafka, groupId, shown), write: await writable(kafka, topics) };
}

async function shownTo(kafka: Kafka, groupId: string, topics: readonly string[]): Promise<string[]> {
  const consumer = kafka.consumer({ groupId, ...once });
  await consumer.connect();
  try {
    return await passing(topics, (topic) => consumer.subscribe({ topic }));
  } finally {
    await consumer.disconnect();
  }
}

async function writable(kafka: Kafka, topics: readonly string[]): Promise<string[]> {
  const producer = kafka.producer({ allowAutoTopicCreation: false, ...once });
  await producer.connect();
  try {
    return await passing(topics, (topic) => producer.send({ topic, messages: [{ key: "k", value: "x" }] }));
  } finally {
    await producer.disconnect();
  }
}

/** Kafka refuses a fetch as a whole and does not say for which topic: halves are tried until it is one. */
async function readable(kafka: Kafka, groupId: string, topics: readonly string[]): Promise<string[]> {
  if (topics.length === 0 || (await fetches(kafka, groupId, topics))) return [...topics];
  if (topics.length === 1) return [];
  const middle = topics.length >> 1;
  const [first, second] = [topics.slice(0, middle), topics.slice(middle)];
  return [...(await readable(kafka, groupId, first)), ...(await readable(kafka, groupId, second))];
}

/** Whether one fetch of all the topics' partitions is answered. */
async function fetches(kafka: Kafka, groupId: string, topics: readonly string[]): Promise<boolean> {
  const consumer = kafka.consumer({ groupId, maxWaitTimeInMs: 50, ...once });
  const { promise, resolve, reject } = Promise.withResolvers<boolean>();
  consumer.on(consumer.events.FETCH, () => {
    resolve(true);
  });
  consumer.on(consumer.events.CRASH, ({ payload }) => {
    if (isRefusal(payload.error)) resolve(false);
    else reject(payload.error);
  });
  await consumer.connect();
  try {
    await consumer.subscribe({ topics: [...topics] });
    await consumer.run({ autoCommit: false, eachBatch: () => Promise.resolve() });
    return await promise;
  } finally {
    await consumer.disconnect();
  }
}

async function passing(
  topics: readonly string[],
  attempt: (topic: string) => Promise<unknown>,
): Promise<string[]> {
  const passed: string[] = [];
  for (const topic of topics) {
    try {
      await attempt(topic);
      passed.push(topic);
    } catch (error) {
      if (!isRefusal(error)) throw error;
    }
  }
  return passed;
}

/** kafkajs wraps the broker's answer in places, and keeps its text. */
const isRefusal = (error: unknown): boolean =>
  error instanceof Error && error.message.startsWith("Not authorized to access topics");
