/**
 * A region's connector: a host that runs the stages of the pipelines that it is handed, or some, against Kafka, the registry
 * and the HSM.
 */
import { randomUUID } from "node:crypto";
import type { Kafka } from "kafkajs";
import { readSecret } from "../../runtime/config.ts";
import {
  keysOf,
  stagesOf,
  topicsOf,
  type OpenPipeline,
  type Pipeline,
} from "../../runtime/contract/pipeline.ts";
import { PavilionError } from "../../errors/errors.ts";
import type { Host } from "../../runtime/host.ts";
import { sealingKeysOf } from "../../runtime/hsm/sealing-keys.ts";
import { onlyDeclared } from "../../runtime/hsm/declared.ts";
import { openLastingHsm } from "../../runtime/hsm/lasting-hsm.ts";
import { connectKafka } from "../../runtime/kafka/client.ts";
import { startClock } from "../../runtime/kafka/clock.ts";
import { StageWorker } from "../../runtime/kafka/stage-worker.ts";
import { openTables } from "../../runtime/kafka/tables.ts";
import type { Log } from "../../runtime/log.ts";
import { openCodec } from "../../runtime/registry/codec.ts";
import { watchLoop } from "../../runtime/telemetry/loop-delay.ts";
import type { Metrics } from "../../runtime/telemetry/metrics.ts";
import { statesIn } from "../../runtime/state/disk-state.ts";
import { openTelemetry } from "../../runtime/telemetry/telemetry.ts";
import { noTracing, openTracing, type Tracing } from "../../runtime/telemetry/tracing.ts";
import type { ConnectorConfig } from "../../schemas/json/connector-config.ts";
import { openHttp } from "../http/http.ts";
import { Crew } from "./crew.ts";
import { guardHsm } from "./guards.ts";
import { openMetricsEndpoint, type MetricsEndpoint } from "./metrics-endpoint.ts";
import { HostParts } from "./parts.ts";
import { tokenAddressOf } from "./token-address.ts";
import { sectionsOf } from "./sections.ts";
import { watchLimits } from "./limits.ts";

export interface Connector {
  stop(): Promise<void>;
}

/** What to run. */
export interface Serves {
  readonly pipelines: readonly Pipeline[];
  /** Names of stages; all of the pipelines where there is none. */
  readonly stages: readonly string[];
}

/**
 * Starts the stages; resolves when every one has joined its group. `fail` is told when a part of it has stopped for good.
 * Throws CONFIG_INVALID for a stage that no pipeline has.
 */
export async function startConnector(
  config: ConnectorConfig,
  { pipelines, stages: names }: Serves,
  log: Log,
  fail: (error: unknown) => void,
): Promise<Connector> {
  const served = stagesNamed(names, pipelines);
  const sections = sectionsOf(config, pipelines);
  const { region, partitions } = config;
  const unguarded = await openLastingHsm({ ...tokenAddressOf(config), keys: keysOf(pipelines) });
  const keys = await sealingKeysOf(unguarded, config.hsm.tokenLabel);
  const { bootstrap, username, passwordFile } = config.kafka;
  const access = { bootstrap, username, password: readSecret(passwordFile) };
  const kafka = connectKafka(access, `${region}.connector`, log);
  const codec = await openCodec(config.registryUrl, topicsOf(pipelines), keys);
  const telemetry = openTelemetry(await tracingOf(config));
  const endpoint = await serveMetrics(config, telemetry.metrics, log);
  const loop = watchLoop((seconds) => {
    telemetry.metrics.loopHeld(seconds);
  }, log);

  const hsm = guardHsm(unguarded, telemetry.metrics);
  const parts = new HostParts(config, hsm, telemetry.metrics);
  const crews = new Map(pipelines.map(({ name }) => [name, new Crew(fail)]));
  const crewOf = ({ name }: Pipeline): Crew => crews.get(name) ?? new Crew(fail);
  const opened = await openAll(pipelines, served, (pipeline) => ({
    ...{ config, chain: parts.chain, prover: parts.prover },
    owners: crewOf(pipeline).setOwners,
    hsm: onlyDeclared(hsm, pipeline),
    section: sections.get(pipeline.name),
  }));
  const tables = await openTables(
    { kafka, codec, region, groups: `${region}.tables`, log },
    opened.map(({ pipeline: { tables }, open: { apply } }) => ({ tables, apply })),
    fail,
  );
  const openState = statesIn(config.stateFolder, { cluster: await clusterOf(kafka), keys });
  const context = { region, partitions, kafka, codec, keys, log, telemetry, openState };
  const clock = await startClock({ ...context, worker: randomUUID(), stages: [...served] });
  for (const { pipeline, open } of opened) {
    for (const { stage, ports } of open.serving) {
      if (!served.has(stage.name)) continue;
      crewOf(pipeline).add(new StageWorker({ ...context, stage, ports, asking: pipeline.asking, fail }));
    }
  }
  await Promise.all([...crews.values()].map((crew) => crew.start()));
  const limits = watchLimits({ ...context, config, metrics: telemetry.metrics, stages: [...served] });
  const routes = opened.flatMap(({ open }) => open.routes ?? []);
  const http = config.http === undefined ? undefined : await openHttp(config.http, routes, { log });
  log.info({ stages: [...served] }, "connector is up");

  return {
    async stop() {
      await http?.close();
      await limits.stop();
      await clock.stop();
      // Before the workers: whoever is let in meanwhile would start one again.
      await tables.close();
      await Promise.all([...crews.values()].map((crew) => crew.stop()));
      await Promise.all(opened.map(({ open }) => open.close()));
      await parts.close();
      await unguarded.close();
      loop.close();
      await endpoint?.close();
      await telemetry.tracing.close();
      log.info("connector has stopped");
    },
  };
}

interface Opened {
  readonly pipeline: Pipeline;
  readonly open: OpenPipeline;
}

/** Those of which something is served. */
async function openAll(
  pipelines: readonly Pipeline[],
  served: ReadonlySet<string>,
  hostOf: (pipeline: Pipeline) => Host,
): Promise<readonly Opened[]> {
  const opened: Opened[] = [];
  for (const pipeline of pipelines) {
    if (!pipeline.stages.some(({ name }) => served.has(name))) continue;
    opened.push({ pipeline, open: await pipeline.open(hostOf(pipeline)) });
  }
  return opened;
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

/** The names of the stages to serve, in the pipelines' order. */
function stagesNamed(names: readonly string[], pipelines: readonly Pipeline[]): ReadonlySet<string> {
  const known = stagesOf(pipelines).map((stage) => stage.name);
  const unknown = names.filter((name) => !known.includes(name));
  if (unknown.length > 0) {
    throw new PavilionError(
      "CONFIG_INVALID",
      `Unknown stages: ${unknown.join(", ")}.`,
      `Name some of: ${known.join(", ")}.`,
    );
  }
  return new Set(names.length === 0 ? known : known.filter((name) => names.includes(name)));
}
