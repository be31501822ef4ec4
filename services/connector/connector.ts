/**
 * A region's connector: runs all stages of the pipeline, or some, against Kafka, the registry and the HSM.
 */
import { randomUUID } from "node:crypto";
import type { Kafka } from "kafkajs";
import {
  privateComputation,
  type PrivateComputationPorts,
} from "../../pipelines/private-computation/pipeline.ts";
import { readSecret } from "../../runtime/config.ts";
import { PavilionError } from "../../errors/errors.ts";
import { openLastingHsm } from "../../runtime/hsm/lasting-hsm.ts";
import { connectKafka } from "../../runtime/kafka/client.ts";
import { startClock } from "../../runtime/kafka/clock.ts";
import { StageWorker } from "../../runtime/kafka/stage-worker.ts";
import { openTables } from "../../runtime/kafka/tables.ts";
import type { Log } from "../../runtime/log.ts";
import { openCodec } from "../../runtime/registry/codec.ts";
import type { Metrics } from "../../runtime/telemetry/metrics.ts";
import { statesIn } from "../../runtime/state/disk-state.ts";
import { openTelemetry } from "../../runtime/telemetry/telemetry.ts";
import { noTracing, openTracing, type Tracing } from "../../runtime/telemetry/tracing.ts";
import type { ConnectorConfig } from "../../schemas/json/connector-config.ts";
import { Directory } from "./directory.ts";
import { openMetricsEndpoint, type MetricsEndpoint } from "./metrics-endpoint.ts";
import { wirePorts } from "./ports.ts";
import { regionKeysOf, tokenAddressOf } from "./region-keys.ts";

export interface Connector {
  stop(): Promise<void>;
}

/**
 * Starts the named stages; resolves when every one has joined its group. `fail` is told when a part of it has stopped
 * for good.
 */
export async function startConnector(
  config: ConnectorConfig,
  stageNames: readonly string[],
  log: Log,
  fail: (error: unknown) => void,
): Promise<Connector> {
  const stages = stagesNamed(stageNames);
  const { region, partitions } = config;
  const hsm = await openLastingHsm(tokenAddressOf(config));
  const keys = await regionKeysOf(hsm);
  const { bootstrap, username, passwordFile } = config.kafka;
  const access = { bootstrap, username, password: readSecret(passwordFile) };
  const kafka = connectKafka(access, `${region}.connector`, log);
  const codec = await openCodec(config.registryUrl, keys);

  const workers: StageWorker<never, PrivateComputationPorts>[] = [];
  const directory = new Directory(codec, log, (providers) => {
    for (const worker of workers) worker.start(providers).catch(fail);
  });
  const tables = await openTables(
    kafka,
    region,
    ["config.collaborations", "config.populations", "config.providers", "config.brokers", "config.seeds"],
    (record) => directory.apply(record),
    fail,
  );
  const telemetry = openTelemetry(await tracingOf(config));
  const endpoint = await serveMetrics(config, telemetry.metrics, log);
  const wiring = await wirePorts(config, hsm, directory, telemetry.metrics);
  const openState = statesIn(config.stateFolder, { cluster: await clusterOf(kafka), keys });
  const context = { region, partitions, kafka, codec, keys, log, telemetry, openState };
  const clock = await startClock({
    ...context,
    worker: randomUUID(),
    stages: stages.map((stage) => stage.name),
  });
  for (const stage of stages)
    workers.push(new StageWorker({ ...context, stage, ports: wiring.portsOf, fail }));
  await Promise.all(workers.map((worker) => worker.start(directory.providers)));
  log.info({ stages: stages.map((stage) => stage.name) }, "connector is up");

  return {
    async stop() {
      await clock.stop();
      await Promise.all(workers.map((worker) => worker.stop()));
      await tables.close();
      await wiring.close();
      await hsm.close();
      await endpoint?.close();
      await telemetry.tracing.close();
      log.info("connector has stopped");
    },
  };
}

/** Kafka's cluster id. */
async function clusterOf(kafka: Kafka): Promise<string> {
  const admin = kafka.admin();
  await admin.connect();
  try {
    return (await admin.describeCluster()).clusterId;
  } finally {
    await admin.disconnect();
  }
}

const tracingOf = async ({ tracing, region }: ConnectorConfig): Promise<Tracing> =>
  tracing === undefined ? noTracing : openTracing(tracing.endpoint, region);

/** Answers count for more than metrics: where the port is taken, by a second connector of the region say, it goes on. */
async function serveMetrics(
  { metrics: place }: ConnectorConfig,
  metrics: Metrics,
  log: Log,
): Promise<MetricsEndpoint | undefined> {
  if (place === undefined) return undefined;
  try {
    return await openMetricsEndpoint(metrics, place);
  } catch (error) {
    log.error({ error, port: place.port }, "metrics are not served");
    return undefined;
  }
}

function stagesNamed(names: readonly string[]): typeof privateComputation {
  const unknown = names.filter((name) => !privateComputation.some((stage) => stage.name === name));
  if (unknown.length > 0) {
    const known = privateComputation.map((stage) => stage.name).join(", ");
    throw new PavilionError(
      "CONFIG_INVALID",
      `Unknown stages: ${unknown.join(", ")}.`,
      `Name some of: ${known}.`,
    );
  }
  return names.length === 0
    ? privateComputation
    : privateComputation.filter((stage) => names.includes(stage.name));
}
