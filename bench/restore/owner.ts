/**
 * `owner.ts CONFIG.json INPUTS [FOLDER]`: owns the filling stage's partition, with its state in a folder or in memory, until
 * so many inputs are handled. Prints one line of JSON: seconds of its restore, and the MiB of memory that it then has.
 */
import { setTimeout as sleep } from "node:timers/promises";
import { connectKafka } from "../../runtime/kafka/client.ts";
import { StageWorker } from "../../runtime/kafka/stage-worker.ts";
import { openLog } from "../../runtime/log.ts";
import { openCodec } from "../../runtime/registry/codec.ts";
import { sealerWith } from "../../runtime/sealer.ts";
import { statesIn } from "../../runtime/state/disk-state.ts";
import { openTelemetry } from "../../runtime/telemetry/telemetry.ts";
import { ownConfig } from "../hops/side.ts";
import { filling } from "./stage.ts";
import { topics } from "../../pipelines/pipelines.ts";
import { asking } from "../../pipelines/private-computation/asking.ts";

const cacheBytes = 32 * 1024 * 1024;
/** An input's transaction follows its handling. */
const commitMs = 2_000;

const { access, registryUrl, region, partitions } = ownConfig();
const [inputs = "0", folder] = process.argv.slice(3);
// One key for all runs, since what one seals another opens.
const keys = sealerWith({ generation: 1, bytes: Buffer.alloc(32, 1) }, Buffer.alloc(32, 2));
const log = openLog({ service: "bench" }, "silent");
const telemetry = openTelemetry();
let left = Number(inputs);
const worker = new StageWorker({
  ...{ region, partitions, keys, log, telemetry, asking },
  stage: {
    ...filling,
    handle: (...given: Parameters<typeof filling.handle>) => {
      left -= 1;
      return filling.handle(...given);
    },
  },
  kafka: connectKafka(access, `${region}.connector`, log),
  codec: await openCodec(registryUrl, topics, keys),
  ...(folder === undefined ? {} : { openState: statesIn(folder, { cluster: "bench", keys }, cacheBytes) }),
  ports: () => undefined,
  fail: (error) => {
    throw error;
  },
});
await worker.start(new Map());
for (;;) {
  const seconds = restoreSeconds(await telemetry.metrics.registry.metrics());
  if (seconds !== undefined && left <= 0) {
    const memory = process.memoryUsage().rss / 1024 ** 2;
    if (Number(inputs) > 0) await sleep(commitMs);
    process.stdout.write(`${JSON.stringify({ seconds, memory })}\n`);
    break;
  }
  await sleep(100);
}
await worker.stop();
process.exit(0);

/** The metric in the exposition format; undefined before the first restore. */
function restoreSeconds(text: string): number | undefined {
  const line = text.split("\n").find((one) => one.startsWith("pavilion_state_restore_seconds{"));
  return line === undefined ? undefined : Number(line.slice(line.lastIndexOf(" ") + 1));
}
