/**
 * How many dead letters stand in a region's topics: counted by reading them, since their offsets count Kafka's own marks
 * of transactions too, and a connector's metrics begin with its process. Nothing of a letter is opened, or decoded.
 */
import { randomUUID } from "node:crypto";
import { once } from "node:events";
import { connect } from "node:net";
import type { Admin, Kafka } from "kafkajs";
import { eventTypeOf } from "../../runtime/kafka/cloudevents.ts";
import { connectKafka, type KafkaAccess } from "../../runtime/kafka/client.ts";
import { openReader, type Reader } from "../../runtime/kafka/reader.ts";
import { openLog } from "../../runtime/log.ts";
import { deadLetterTopic } from "../../schemas/topics.ts";

export interface LetterCount {
  /** Those that nobody has put back. */
  readonly waiting: number;
  /** Those that `dead-letters redrive` has put back; their records stand as well. */
  readonly redriven: number;
  /** False where there are so many that counting has not ended: there are at least so many. */
  readonly complete: boolean;
}

interface Counting {
  letters: number;
  redriven: number;
  complete: boolean;
  readonly reader: Reader;
}

/** After so long a count is told as far as it is; it goes on meanwhile. */
const patienceMs = 5_000;
const connectLimitMs = 2_000;

export class LetterCounts {
  readonly #kafka: Kafka;
  readonly #admin: Admin;
  readonly #region: string;
  readonly #stages: readonly string[];
  readonly #counting = new Map<string, Counting>();
  #failed = false;

  /** Undefined where Kafka does not answer. */
  static async open(
    access: KafkaAccess,
    region: string,
    stages: readonly string[],
  ): Promise<LetterCounts | undefined> {
    if (!(await answers(access.bootstrap))) return undefined;
    const kafka = connectKafka(access, `${region}.status`, openLog({ service: "cli" }, "silent"));
    const admin = kafka.admin();
    await admin.connect();
    return new LetterCounts(kafka, admin, region, stages);
  }

  private constructor(kafka: Kafka, admin: Admin, region: string, stages: readonly string[]) {
    this.#kafka = kafka;
    this.#admin = admin;
    this.#region = region;
    this.#stages = stages;
  }

  /** False once Kafka was lost: open another. */
  get lasts(): boolean {
    return !this.#failed;
  }

  /** By stage; what came since the last time is read, no letter twice. */
  async take(): Promise<ReadonlyMap<string, LetterCount>> {
    await Promise.all(this.#stages.map((stage) => this.#begin(stage)));
    const started = [...this.#counting.values()];
    const late = AbortSignal.timeout(patienceMs);
    await Promise.race([
      Promise.allSettled(started.map(({ reader }) => reader.caughtUp)),
      once(late, "abort"),
    ]);
    return new Map(this.#stages.map((stage) => [stage, countIn(this.#counting.get(stage))]));
  }

  async close(): Promise<void> {
    await Promise.allSettled([...this.#counting.values()].map(({ reader }) => reader.close()));
    await this.#admin.disconnect();
  }

  /** Most stages have no letters, and need no reader. */
  async #begin(stage: string): Promise<void> {
    if (this.#counting.has(stage)) return;
    const topic = deadLetterTopic(this.#region, stage);
    const offsets = await this.#admin.fetchTopicOffsets(topic);
    if (offsets.every(({ low, high }) => low === high)) return;
    const count = { letters: 0, redriven: 0, complete: false };
    const reader = await openReader(this.#kafka, {
      topic,
      group: `${this.#region}.dead-letters.${randomUUID()}`,
      from: "beginning",
      handle: ({ headers }) => {
        const type = eventTypeOf(headers);
        if (type === "DeadLetter") count.letters += 1;
        // A letter is redriven once: those who redrive fence each other.
        if (type === "Redrive") count.redriven += 1;
        return Promise.resolve();
      },
      fail: () => {
        this.#failed = true;
      },
    });
    const counting = Object.assign(count, { reader });
    this.#counting.set(stage, counting);
    reader.caughtUp.then(
      () => (counting.complete = true),
      () => undefined,
    );
  }
}

const countIn = (counting: Counting | undefined): LetterCount =>
  counting === undefined
    ? { waiting: 0, redriven: 0, complete: true }
    : {
        // A letter's retention may pass before that of its mark.
        waiting: Math.max(0, counting.letters - counting.redriven),
        redriven: counting.redriven,
        complete: counting.complete,
      };

/** Asked first: kafkajs tries for half a minute where nobody is. */
async function answers(bootstrap: string): Promise<boolean> {
  const asked = bootstrap.split(",").map(async (address) => {
    const at = address.lastIndexOf(":");
    const socket = connect({ host: address.slice(0, at), port: Number(address.slice(at + 1)) });
    try {
      await once(socket, "connect", { signal: AbortSignal.timeout(connectLimitMs) });
    } finally {
      socket.destroy();
    }
  });
  return Promise.any(asked).then(
    () => true,
    () => false,
  );
}
