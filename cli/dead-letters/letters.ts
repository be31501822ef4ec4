/**
 * A region's dead letters as they stand in Kafka, each with whether it was redriven. Reading them opens no original.
 */
import { randomUUID } from "node:crypto";
import type { Kafka } from "kafkajs";
import { PavilionError } from "../../errors/errors.ts";
import { stages } from "../../pipelines/pipelines.ts";
import { eventTypeOf } from "../../runtime/kafka/cloudevents.ts";
import { readWhole } from "../../runtime/kafka/reader.ts";
import type { KafkaRecord } from "../../runtime/kafka/wire/record.ts";
import type { Codec } from "../../runtime/registry/codec.ts";
import type { DeadLetter } from "../../schemas/avro/index.ts";
import { deadLetterTopic } from "../../schemas/topics.ts";

export interface Letter extends DeadLetter {
  /** `stage/offset`: what commands call it. */
  readonly name: string;
  /** Its offset in the stage's dead-letter topic. */
  readonly offset: bigint;
  /** The original's record key. */
  readonly key: Buffer;
  /** The broker's timestamp, milliseconds. */
  readonly time: number;
  readonly redriven: boolean;
}

const isUnreadable = (error: unknown): boolean =>
  error instanceof PavilionError && error.code === "EVENT_UNREADABLE";

export const stageNames = stages.map(({ name }) => name);

/** All letters of the stages, oldest first. */
export async function readLetters(
  kafka: Kafka,
  codec: Codec,
  region: string,
  stages: readonly string[],
): Promise<Letter[]> {
  const filled = await filledOf(kafka, region, stages);
  const read = await Promise.all(filled.map((stage) => lettersOf(kafka, codec, region, stage)));
  return read.flat().sort((one, other) => one.time - other.time || (one.name < other.name ? -1 : 1));
}

/** The stages that have any: most have none, and need no reader. */
async function filledOf(kafka: Kafka, region: string, stages: readonly string[]): Promise<string[]> {
  const admin = kafka.admin();
  await admin.connect();
  try {
    const filled: string[] = [];
    for (const stage of stages) {
      const offsets = await admin.fetchTopicOffsets(deadLetterTopic(region, stage));
      if (offsets.some(({ low, high }) => low !== high)) filled.push(stage);
    }
    return filled;
  } finally {
    await admin.disconnect();
  }
}

async function lettersOf(kafka: Kafka, codec: Codec, region: string, stage: string): Promise<Letter[]> {
  const letters: Omit<Letter, "redriven">[] = [];
  const redriven = new Set<bigint>();
  const take = async ({ headers, value, key, offset, timestamp }: KafkaRecord): Promise<void> => {
    const type = eventTypeOf(headers);
    const bytes = value ?? Buffer.alloc(0);
    const name = `${stage}/${offset}`;
    try {
      if (type === "Redrive") redriven.add(BigInt((await codec.decodePlain("Redrive", bytes)).letter));
      if (type !== "DeadLetter") return;
      const letter = await codec.decodePlain("DeadLetter", bytes);
      letters.push({
        ...{ ...letter, name, offset: BigInt(offset) },
        ...{ key: key ?? Buffer.alloc(0), time: Number(timestamp) },
      });
    } catch (error) {
      // One record that is none hides no other.
      if (!(error instanceof SyntaxError) && !isUnreadable(error)) throw error;
      console.error(`The record ${name} is no dead letter that can be read, and is passed over.`);
    }
  };
  await readWhole(kafka, {
    topic: deadLetterTopic(region, stage),
    group: `${region}.dead-letters.${randomUUID()}`,
    from: "beginning",
    handle: take,
  });
  return letters.map((letter) => ({ ...letter, redriven: redriven.has(letter.offset) }));
}
