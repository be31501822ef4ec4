/**
 * Warns in the log before something reaches its limit, and tells the metrics what only the disk and Kafka know. Looks once a
 * minute. Stages' names and what is full are told, never whose it is.
 */
import { readdir, stat } from "node:fs/promises";
import { join } from "node:path";
import type { Admin, Kafka } from "kafkajs";
import { freeBytes } from "../../runtime/free-bytes.ts";
import type { Log } from "../../runtime/log.ts";
import type { Metrics } from "../../runtime/telemetry/metrics.ts";
import type { ConnectorConfig } from "../../schemas/json/connector-config.ts";
import { changelogTopic, deadLetterTopic } from "../../schemas/topics.ts";

const lookEveryMs = 60_000;
/** Of a limit: from here on it is told, … */
const nearRatio = 0.8;
/** … once, until it has gone down to here. */
const calmRatio = 0.7;
const mebibyte = 1024 * 1024;
const usualFreeMiB = 1024;

interface Watched {
  readonly config: Pick<ConnectorConfig, "stateFolder" | "stateFreeMiB">;
  readonly metrics: Metrics;
  readonly log: Log;
}

/** Looks at what fills and at the disk, and remembers what it has warned of. */
export class Limits {
  readonly #watched: Watched;
  readonly #near = new Set<string>();

  constructor(watched: Watched) {
    this.#watched = watched;
  }

  async look(): Promise<void> {
    const { metrics, log, config } = this.#watched;
    for (const { stage, partition, of, held, most } of metrics.fills()) {
      const keys = { stage, partition: Number(partition), of, held, most };
      if (this.#isNews([stage, partition, of].join("/"), held / most)) log.warn(keys, "a limit is near");
    }
    const { stateFolder, stateFreeMiB = usualFreeMiB } = config;
    const [bytes, free] = await Promise.all([bytesIn(stateFolder), freeBytes(stateFolder)]);
    metrics.stateFolder(bytes, free);
    const freeMiB = Math.floor(free / mebibyte);
    if (this.#isNews("disk", (nearRatio * stateFreeMiB) / Math.max(freeMiB, 1)))
      log.warn({ freeMiB, wantedMiB: stateFreeMiB }, "little is free where the state folder lies");
  }

  #isNews(what: string, ratio: number): boolean {
    if (ratio < calmRatio) this.#near.delete(what);
    if (ratio < nearRatio || this.#near.has(what)) return false;
    this.#near.add(what);
    return true;
  }
}

/** Looks until it is stopped. */
export function watchLimits(
  watched: Watched & { readonly kafka: Kafka; readonly region: string; readonly stages: readonly string[] },
): { stop(): Promise<void> } {
  const { log } = watched;
  const limits = new Limits(watched);
  const look = async (): Promise<void> => {
    try {
      await limits.look();
      await countTopics(watched);
    } catch (error) {
      log.warn({ error }, "limits cannot be looked at");
    }
  };
  let looking: Promise<void> | undefined = look();
  const timer = setInterval(() => {
    looking ??= look().finally(() => (looking = undefined));
  }, lookEveryMs);
  void looking.finally(() => (looking = undefined));
  return {
    async stop() {
      clearInterval(timer);
      await looking;
    },
  };
}

/** Connects anew each time: a connection that idles for a minute may be lost. */
async function countTopics({
  kafka,
  metrics,
  region,
  stages,
}: {
  readonly kafka: Kafka;
  readonly metrics: Metrics;
  readonly region: string;
  readonly stages: readonly string[];
}): Promise<void> {
  const admin = kafka.admin();
  await admin.connect();
  try {
    for (const stage of stages) {
      metrics.keptRecords(stage, "changelog", await recordsIn(admin, changelogTopic(region, stage)));
      metrics.keptRecords(stage, "dead-letter", await recordsIn(admin, deadLetterTopic(region, stage)));
    }
  } finally {
    await admin.disconnect();
  }
}

/** From a topic's start to its end: of a compacted one, more than there are. */
async function recordsIn(admin: Admin, topic: string): Promise<number> {
  const offsets = await admin.fetchTopicOffsets(topic);
  return offsets.reduce((sum, { low, high }) => sum + Number(BigInt(high) - BigInt(low)), 0);
}

/** SQLite makes and removes files beside its own at any time. */
async function bytesIn(folder: string): Promise<number> {
  const sizes = (await readdir(folder)).map((file) =>
    stat(join(folder, file)).then(
      ({ size }) => size,
      () => 0,
    ),
  );
  return (await Promise.all(sizes)).reduce((sum, size) => sum + size, 0);
}
