/**
 * How a connector's stages stand, from two takings of its metrics.
 */
import { privateComputation } from "../../../pipelines/private-computation.ts";
import { ports } from "../../../runtime/failures/passing.ts";
import { tableLines } from "../table.ts";
import type { Sample, Samples } from "./samples.ts";

interface StageStatus {
  readonly stage: string;
  /** Records that it has not handled, ticks left out: there is one a second. */
  readonly lag: number;
  /** Inputs a second, between the takings. */
  readonly rate: number;
  /** From the broker's timestamp of an input to the commit of what it led to, since the connector's start; null before the first. */
  readonly p50Ms: number | null;
  readonly p99Ms: number | null;
  /** Ports that its inputs wait for. */
  readonly waitsFor: readonly string[];
  readonly failures: number;
  readonly deadLetters: number;
}

export interface Overview {
  readonly stages: readonly StageStatus[];
  /** By port: closed, half-open, open. */
  readonly breakers: Readonly<Record<string, string>>;
}

const stateNames = ["closed", "half-open", "open"];

export function overviewOf(earlier: Samples, now: Samples, seconds: number): Overview {
  const running = new Set(of(now, "inputs_total").map(({ labels }) => String(labels.stage)));
  const stages = privateComputation.filter(({ name }) => running.has(name)).map(({ name }) => name);
  const states = ports.map((port) => {
    const value = sum(of(now, "breaker_state"), { port });
    return [port, stateNames[value] ?? "unknown"] as const;
  });
  return {
    stages: stages.map((stage) => statusOf(stage, earlier, now, seconds)),
    breakers: Object.fromEntries(states),
  };
}

function statusOf(stage: string, earlier: Samples, now: Samples, seconds: number): StageStatus {
  const own = { stage };
  const handled = sum(of(now, "inputs_total"), own) - sum(of(earlier, "inputs_total"), own);
  const lags = of(now, "lag_records").filter(({ labels }) => labels.topic !== "clock.ticks");
  const buckets = bucketsOf(of(now, "end_to_end_seconds"), stage);
  const waiting = of(now, "waiting").filter(({ labels, value }) => labels.stage === stage && value > 0);
  return {
    stage,
    lag: sum(lags, own),
    rate: Math.max(0, handled) / seconds,
    p50Ms: inMs(quantileOf(buckets, 0.5)),
    p99Ms: inMs(quantileOf(buckets, 0.99)),
    waitsFor: [...new Set(waiting.map(({ labels }) => String(labels.port)))],
    failures: sum(of(now, "retries_total"), own),
    deadLetters: sum(of(now, "dead_letters_total"), own),
  };
}

const of = (samples: Samples, name: string): readonly Sample[] => samples.get(`pavilion_${name}`) ?? [];

const sum = (samples: readonly Sample[], labels: Record<string, string>): number =>
  samples
    .filter((sample) => Object.entries(labels).every(([name, value]) => sample.labels[name] === value))
    .reduce((total, { value }) => total + value, 0);

/** Upper bounds with how many samples lie at or below, in order. */
type Buckets = readonly (readonly [bound: number, count: number])[];

function bucketsOf(samples: readonly Sample[], stage: string): Buckets {
  return samples
    .filter(({ labels, metricName }) => metricName?.endsWith("_bucket") === true && labels.stage === stage)
    .map(({ labels, value }) => [labels.le === "+Inf" ? Infinity : Number(labels.le), value] as const)
    .sort(([one], [other]) => one - other);
}

/** As Prometheus takes it: samples are spread evenly within their bucket. Seconds; null where there is no sample. */
export function quantileOf(buckets: Buckets, share: number): number | null {
  const total = buckets.at(-1)?.[1] ?? 0;
  if (total === 0) return null;
  const rank = share * total;
  let [lower, below] = [0, 0];
  for (const [bound, count] of buckets) {
    if (count >= rank) {
      return bound === Infinity
        ? lower
        : lower + (bound - lower) * ((rank - below) / Math.max(1, count - below));
    }
    [lower, below] = [bound, count];
  }
  return lower;
}

const inMs = (seconds: number | null): number | null =>
  seconds === null ? null : Number((seconds * 1000).toPrecision(3));

export function overviewLines({ stages, breakers }: Overview): string[] {
  const header = ["stage", "lag", "in/s", "p50 ms", "p99 ms", "waits for", "failures", "dead letters"];
  const rows = stages.map((one) => [
    one.stage,
    String(one.lag),
    one.rate.toFixed(1),
    one.p50Ms === null ? "" : String(one.p50Ms),
    one.p99Ms === null ? "" : String(one.p99Ms),
    one.waitsFor.map((port) => `${port} (breaker ${breakers[port] ?? "unknown"})`).join(", "),
    String(one.failures),
    String(one.deadLetters),
  ]);
  const right = ["lag", "in/s", "p50 ms", "p99 ms", "failures", "dead letters"];
  const states = Object.entries(breakers).map(([port, state]) => `${port} ${state}`);
  return [...tableLines(header, rows, right), "", `breakers: ${states.join(", ")}`];
}
