/**
 * A party's reads from Kafka, of committed records alone. Two kinds: `openReader` follows a topic from a place it is
 * told, in a group of its own that is removed afterwards; `openWorker` works through a topic once, in a lasting group
 * that remembers how far it came.
 */
import { setTimeout as sleep } from "node:timers/promises";
import kafkajs, { type Kafka } from "kafkajs";
import { endingConsumer, type EndingConsumer } from "./consumer.ts";
import { decoded, type KafkaRecord } from "./wire/record.ts";

export interface Reader {
  /** Resolves once every record that was there at the opening has been handled. Rejects where the reader fails before. */
  readonly caughtUp: Promise<unknown>;
  close(): Promise<void>;
}

/** Where to start: the topic's beginning, its end at the moment of opening, or an offset of partition 0. */
type Start = "beginning" | "end" | bigint;

export interface ReaderPlan {
  readonly topic: string;
  /** Used by this reader alone. */
  readonly group: string;
  readonly from: Start;
  readonly handle: (record: KafkaRecord) => Promise<void>;
  /** Told once, when a record could not be handled or Kafka is lost for good; nothing is handled after that. */
  readonly fail: (error: unknown) => void;
}

const settings = { maxWaitTimeInMs: 250, allowAutoTopicCreation: false } as const;

/** Resolves when the start is fixed: what is published after that is read. */
export async function openReader(kafka: Kafka, plan: ReaderPlan): Promise<Reader> {
  const { topic, group } = plan;
  const offsets = await offsetsOf(kafka, topic);
  const positions = new Map(offsets.map((offset) => [offset.partition, startOf(plan.from, offset)]));
  const behind = new Map(offsets.map(({ partition, high }) => [partition, high]));
  const ending = endingConsumer(kafka, { groupId: group, ...settings });
  const { consumer } = ending;
  const { promise: caughtUp, resolve, reject } = Promise.withResolvers<undefined>();
  // Not everybody waits for it: those who do not hear of a failure by the plan's `fail`.
  caughtUp.catch(() => undefined);
  const mark = (partition: number, position: bigint): void => {
    positions.set(partition, position);
    if (position >= (behind.get(partition) ?? 0n)) behind.delete(partition);
    if (behind.size === 0) resolve(undefined);
  };
  let failed = false;
  for (const [partition, position] of positions) mark(partition, position);
  // A topic may end with what no handler sees: a transaction's marker, or what an aborted one left.
  consumer.on(consumer.events.END_BATCH_PROCESS, ({ payload: { partition, lastOffset } }) => {
    const position = BigInt(lastOffset) + 1n;
    if (!failed && position > (positions.get(partition) ?? 0n)) mark(partition, position);
  });

  // No offset is committed, so after every joining, the first and any later one, the places are set anew.
  consumer.on(consumer.events.GROUP_JOIN, () => {
    for (const [partition, offset] of positions) consumer.seek({ topic, partition, offset: String(offset) });
  });
  const fail = (error: unknown): void => {
    if (failed) return;
    failed = true;
    reject(error);
    plan.fail(error);
  };
  ending.onLoss(fail);
  try {
    await consumer.connect();
    await consumer.subscribe({ topics: [topic], fromBeginning: true });
    await consumer.run({
      autoCommit: false,
      eachMessage: async ({ partition, message }) => {
        if (failed || BigInt(message.offset) < (positions.get(partition) ?? 0n)) return;
        try {
          await plan.handle(decoded(message));
          mark(partition, BigInt(message.offset) + 1n);
        } catch (error) {
          fail(error);
        }
      },
    });
  } catch (error) {
    await ending.end().catch(() => undefined);
    throw error;
  }
  return { caughtUp, close: () => closeConsumer(kafka, ending, group) };
}

/** Reads what stands on the topic now, and no more. Rejects with what a record's handling threw, or why Kafka was lost. */
export async function readWhole(kafka: Kafka, plan: Omit<ReaderPlan, "fail">): Promise<void> {
  const offsets = await offsetsOf(kafka, plan.topic);
  // Where nothing stands nobody need wait for a consumer group to form.
  if (offsets.every((offset) => startOf(plan.from, offset) >= offset.high)) return;
  const reader = await openReader(kafka, { ...plan, fail: () => undefined });
  try {
    await reader.caughtUp;
  } finally {
    await reader.close();
  }
}

/** The next offset of a topic's partition 0: what is written from now on lies there or later. */
export async function endOf(kafka: Kafka, topic: string): Promise<bigint> {
  const offsets = await offsetsOf(kafka, topic);
  return offsets.find(({ partition }) => partition === 0)?.high ?? 0n;
}

interface PartitionOffsets {
  readonly partition: number;
  readonly low: bigint;
  readonly high: bigint;
}

/** How long Kafka may take to say everywhere that a topic was made and who leads it. */
const newTopicLimitMs = 15_000;
const newTopicPauseMs = 100;

/** kafkajs itself waits only for a topic to be known, not for its leaders, and keeps what it once heard of them. */
async function offsetsOf(kafka: Kafka, topic: string): Promise<PartitionOffsets[]> {
  const deadline = performance.now() + newTopicLimitMs;
  for (;;) {
    const admin = kafka.admin();
    try {
      await admin.connect();
      const offsets = await admin.fetchTopicOffsets(topic);
      return offsets.map(({ partition, low, high }) => ({ partition, low: BigInt(low), high: BigInt(high) }));
    } catch (error) {
      const isPassing = error instanceof kafkajs.KafkaJSError && error.retriable;
      if (!isPassing || performance.now() > deadline) throw error;
      await sleep(newTopicPauseMs);
    } finally {
      await admin.disconnect();
    }
  }
}

function startOf(from: Start, { partition, low, high }: PartitionOffsets): bigint {
  if (from === "beginning") return low;
  if (from === "end" || partition !== 0) return high;
  return from < low ? low : from;
}

/** A consumer whose Kafka went away may end late, or with its process. */
const closeLimitMs = 10_000;

async function closeConsumer(kafka: Kafka, ending: EndingConsumer, group: string): Promise<void> {
  const limit = sleep(closeLimitMs, undefined, { ref: false });
  await Promise.race([leave(kafka, ending, group), limit]);
}

async function leave(kafka: Kafka, ending: EndingConsumer, group: string): Promise<void> {
  await ending.end();
  const admin = kafka.admin();
  await admin.connect();
  // A group that stays behind holds nothing, and Kafka forgets it by itself in time.
  await admin.deleteGroups([group]).catch(() => undefined);
  await admin.disconnect();
}

export interface WorkerPlan {
  readonly topic: string;
  readonly group: string;
  /** Tried again until it resolves; a record is committed after that. */
  readonly handle: (record: KafkaRecord) => Promise<void>;
  readonly onRetry: (error: unknown) => void;
  /** Told when Kafka is lost for good. */
  readonly fail: (error: unknown) => void;
}

const retryAfterMs = 1_000;

/** How long a process that was killed holds its group's partitions. A record is handled in well below a second. */
const sessionTimeoutMs = 10_000;

/** Works through the topic from the group's last commit, or from its beginning. */
export async function openWorker(kafka: Kafka, plan: WorkerPlan): Promise<{ close(): Promise<void> }> {
  const { consumer, onLoss, end } = endingConsumer(kafka, {
    groupId: plan.group,
    sessionTimeout: sessionTimeoutMs,
    heartbeatInterval: sessionTimeoutMs / 5,
    ...settings,
  });
  onLoss(plan.fail);
  let closing = false;
  await consumer.connect();
  await consumer.subscribe({ topics: [plan.topic], fromBeginning: true });
  await consumer.run({
    autoCommit: false,
    eachMessage: async (payload) => {
      const { topic, partition, message } = payload;
      for (let handled = false; !handled;) {
        // Left uncommitted: the next process begins with it.
        if (closing) return;
        try {
          await plan.handle(decoded(message));
          handled = true;
        } catch (error) {
          plan.onRetry(error);
          await sleep(retryAfterMs);
          await payload.heartbeat();
        }
      }
      const next = String(BigInt(message.offset) + 1n);
      await consumer.commitOffsets([{ topic, partition, offset: next }]);
    },
  });
  return {
    async close() {
      closing = true;
      await Promise.race([end(), sleep(closeLimitMs, undefined, { ref: false })]);
    },
  };
}
