/**
 * `counting-worker.ts CONFIG.json`: the counting pipeline's stages on the real runtime, in a process of its own that can
 * be stopped and killed. Logs to standard output; a line `worker is up` says that every stage has joined. It ends, as a
 * connector does, where a part of it has stopped for good.
 */
import { readFileSync } from "node:fs";
import { connectKafka, type KafkaAccess } from "../../runtime/kafka/client.ts";
import { StageWorker } from "../../runtime/kafka/stage-worker.ts";
import { openLog } from "../../runtime/log.ts";
import { statesIn } from "../../runtime/state/disk-state.ts";
import { openCodec } from "../../runtime/registry/codec.ts";
import { counting, countingStages, partitions, region } from "./counting-stages.ts";
import { countingKeys } from "./counting-keys.ts";
import { topicsOf } from "../../runtime/contract/pipeline.ts";

export interface WorkerConfig {
  readonly name: string;
  readonly kafka: KafkaAccess;
  readonly registryUrl: string;
  /** Where its states lie, from one start to the next. */
  readonly stateFolder: string;
}

async function run(config: WorkerConfig): Promise<void> {
  const log = openLog({ service: config.name });
  const fail = (error: unknown): void => {
    log.fatal({ error }, "worker cannot go on");
    process.exit(1);
  };
  try {
    const codec = await openCodec(config.registryUrl, topicsOf([counting]), countingKeys);
    const kafka = connectKafka(config.kafka, config.name, log);
    const context = {
      region,
      partitions,
      kafka,
      codec,
      keys: countingKeys,
      log,
      fail,
      asking: counting.asking,
      openState: statesIn(config.stateFolder, { cluster: "counting", keys: countingKeys }),
      ports: () => undefined,
    };
    const workers = countingStages.map((stage) => new StageWorker({ ...context, stage }));
    process.once("SIGTERM", () => {
      void Promise.all(workers.map((worker) => worker.stop())).then(() => process.exit(0), fail);
    });
    await Promise.all(workers.map((worker) => worker.start(new Map())));
    log.info("worker is up");
  } catch (error) {
    fail(error);
  }
}

await run(JSON.parse(readFileSync(process.argv[2] ?? "", "utf8")) as WorkerConfig);
