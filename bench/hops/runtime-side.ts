/**
 * Seven hops on this project's runtime, as a connector runs its stages: Avro, CloudEvents, state in a changelog, a
 * transaction a batch.
 */
import { randomBytes } from "node:crypto";
import { join } from "node:path";
import { connectKafka } from "../../runtime/kafka/client.ts";
import { StageWorker } from "../../runtime/kafka/stage-worker.ts";
import { openLog } from "../../runtime/log.ts";
import { openCodec } from "../../runtime/registry/codec.ts";
import { sealerWith } from "../../runtime/sealer.ts";
import { statesIn } from "../../runtime/state/disk-state.ts";
import { openTelemetry } from "../../runtime/telemetry/telemetry.ts";
import { hopStages } from "./chain.ts";
import { ownConfig } from "./side.ts";
import { topics } from "../../pipelines/pipelines.ts";
import { asking } from "../../pipelines/private-computation/asking.ts";

const { access, registryUrl, region, partitions } = ownConfig();
const log = openLog({ service: "bench" });
const keys = sealerWith({ generation: 1, bytes: randomBytes(32) }, randomBytes(32));
const kafka = connectKafka(access, `${region}.connector`, log);
const codec = await openCodec(registryUrl, topics, keys);
const telemetry = openTelemetry();
const openState = statesIn(join(process.cwd(), "state"), { cluster: "bench", keys });
const workers = hopStages.map(
  (stage) =>
    new StageWorker({
      ...{ stage, region, partitions, kafka, codec, keys, log, telemetry },
      openState,
      asking,
      ports: () => undefined,
      fail: (error) => {
        throw error;
      },
    }),
);
await Promise.all(workers.map((worker) => worker.start(new Map())));
