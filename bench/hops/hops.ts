/**
 * Seven hops through Kafka: this project's runtime beside Kafka Streams and beside kafkajs alone, one after the other on
 * one broker. What is measured, and how, stands in bench/README.md.
 */
import { randomBytes } from "node:crypto";
import { untilReady } from "../../infra/embedded/process.ts";
import { connectKafka } from "../../runtime/kafka/client.ts";
import { openLog } from "../../runtime/log.ts";
import { openCodec } from "../../runtime/registry/codec.ts";
import { quantile } from "../quantile.ts";
import type { Comparison } from "../report.ts";
import { Meter } from "./meter.ts";
import { kafkajsAlone, ours, sideFolder, streamsAtBest, streamsByDefault, type Side } from "./sides.ts";
import { prepareStreams } from "./streams.ts";
import { startSurroundings, type Surroundings } from "./surroundings.ts";
import { topics } from "../../pipelines/pipelines.ts";

export interface HopsPlan {
  readonly warmUp: { readonly rate: number; readonly seconds: number; readonly records: number };
  /** Records a second whose latencies are asked for, each for so many seconds. */
  readonly rates: readonly number[];
  readonly measuredSeconds: number;
  /** Sizes; the last one's rate is the one that counts. */
  readonly backlogs: readonly number[];
}

const fullPlan: HopsPlan = {
  warmUp: { rate: 50, seconds: 8, records: 4_000 },
  rates: [10, 50],
  measuredSeconds: 20,
  backlogs: [4_000, 8_000, 16_000],
};

/** A topic's partitions: the demo's regions have two. */
const usualPartitions = 2;
const startLimitMs = 60_000;
const log = openLog({ service: "bench" }, "silent");

type Tell = (line: string) => void;

/** Where a side is measured. */
interface Place {
  readonly surroundings: Surroundings;
  readonly dir: string;
  readonly tell: Tell;
  readonly plan: HopsPlan;
}

/** Latencies in milliseconds, by rate. */
type Latencies = ReadonlyMap<number, readonly number[]>;

export async function measureHops(dir: string, tell: Tell, plan: HopsPlan = fullPlan): Promise<Comparison[]> {
  const streams = await prepareStreams(sideFolder(dir, "compiled"));
  tell("seven hops; starting Kafka and the schema registry …");
  const surroundings = await startSurroundings(dir, log);
  const place = { surroundings, dir, tell, plan };
  try {
    // Those that are compared stand next to each other, so that they find the same machine.
    const throughputs: Comparison[] = [];
    for (const partitions of [1, usualPartitions]) throughputs.push(await throughputOf(partitions, place));
    const latencies = (side: Side): Promise<Latencies> =>
      withMeter(side, usualPartitions, place, (meter) => latenciesOf(meter, side.name, place));
    const [byDefault, atBest] = [streamsByDefault(streams), streamsAtBest(streams)];
    const theirDefault = await latencies(byDefault);
    const mine = await latencies(ours);
    const theirBest = await latencies(atBest);
    return [
      ...latencyRows(mine, theirDefault, byDefault.name, { p50: 0.1, p99: 0.2 }),
      ...latencyRows(mine, theirBest, atBest.name, { p50: 0.4, p99: 0.5 }),
      ...throughputs,
    ];
  } finally {
    await surroundings.stop();
  }
}

/** Starts a side on topics of its own, waits until it moves records and is warm, and stops it afterwards. */
async function withMeter<T>(
  side: Side,
  partitions: number,
  { surroundings, dir, plan }: Place,
  measure: (meter: Meter) => Promise<T>,
): Promise<T> {
  const { access, registryUrl, openRegion } = surroundings;
  const region = `${side.id}-${randomBytes(4).toString("hex")}`;
  await openRegion(region, partitions);
  await using cleanup = new AsyncDisposableStack();
  const kafka = connectKafka(access, `${region}.meter`, log);
  const meter = await Meter.open(kafka, await openCodec(registryUrl, topics), region);
  cleanup.defer(() => meter.close());
  const part = await side.start(sideFolder(dir, region), { access, registryUrl, region, partitions });
  cleanup.defer(() => part.stop());
  await untilReady(part, () => meter.probe(), startLimitMs);
  await meter.latencies(plan.warmUp.rate, plan.warmUp.seconds);
  return await measure(meter);
}

async function latenciesOf(meter: Meter, name: string, { tell, plan }: Place): Promise<Latencies> {
  const latencies = new Map<number, readonly number[]>();
  for (const rate of plan.rates) {
    const samples = await meter.latencies(rate, plan.measuredSeconds);
    latencies.set(rate, samples);
    const [p50 = "", p99 = ""] = [0.5, 0.99].map((q) => quantile(samples, q).toFixed(1));
    tell(`  ${name}: ${String(rate)} records/s, p50 ${p50} ms, p99 ${p99} ms`);
  }
  return latencies;
}

async function throughputOf(partitions: number, place: Place): Promise<Comparison> {
  const { plan, tell } = place;
  const rateOf = (side: Side): Promise<number> =>
    withMeter(side, partitions, place, async (meter) => {
      let rate = await meter.drain(plan.warmUp.records);
      for (const records of plan.backlogs) {
        rate = await meter.drain(records);
        const of = `${String(records)} records on topics of ${partitionsText(partitions)}`;
        tell(`  ${side.name}: a backlog of ${of} at ${rate.toFixed(0)} a second`);
      }
      return rate;
    });
  const reference = await rateOf(kafkajsAlone);
  return {
    what: `sustained throughput of seven hops, topics of ${partitionsText(partitions)}`,
    unit: "records/s",
    ours: await rateOf(ours),
    reference,
    referenceName: kafkajsAlone.name,
    goal: { atLeast: 0.7 },
  };
}

const partitionsText = (partitions: number): string =>
  partitions === 1 ? "1 partition" : `${String(partitions)} partitions`;

function latencyRows(
  mine: Latencies,
  reference: Latencies,
  referenceName: string,
  goals: { readonly p50: number; readonly p99: number },
): Comparison[] {
  const quantiles = [
    { name: "p50", q: 0.5, goal: goals.p50 },
    { name: "p99", q: 0.99, goal: goals.p99 },
  ];
  return [...mine].flatMap(([rate, samples]) =>
    quantiles.map(({ name, q, goal }) => ({
      what: `latency through seven hops at ${String(rate)} records/s, ${name}`,
      unit: "ms",
      ours: quantile(samples, q),
      reference: quantile(reference.get(rate) ?? [], q),
      referenceName,
      goal: { atMost: goal },
    })),
  );
}
