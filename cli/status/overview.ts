/**
 * How a connector's stages stand, from two takings of its metrics and the counts of its dead letters, and how the
 * processes of its stack stand, where it is one's.
 */
import { stages as allStages } from "../../pipelines/pipelines.ts";
import { ports } from "../../runtime/failures/passing.ts";
import type { NamedStanding } from "../../services/stack/stack.ts";
import { tableLines } from "../table.ts";
import type { LetterCount } from "./letter-counts.ts";
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
  /** Those that stand in the stage's topic and that nobody has redriven; null where Kafka does not say. */
  readonly deadLetters: number | null;
  readonly redrivenLetters: number | null;
  /** False where there were too many to count in time: there are at least so many. */
  readonly lettersCounted: boolean;
}

type Counts = ReadonlyMap<string, LetterCount> | undefined;

export interface Overview {
  /** Empty where nobody here keeps them running. */
  readonly processes: readonly NamedStanding[];
  /** Empty where the connector does not answer. */
  readonly stages: readonly StageStatus[];
  /** By port: closed, half-open, open. */
  readonly breakers: Readonly<Record<string, string>>;
}

const stateNames = ["closed", "half-open", "open"];

export function overviewOf(
  earlier: Samples,
  now: Samples,
  seconds: number,
  counts: Counts,
  processes: readonly NamedStanding[] = [],
): Overview {
  const running = new Set(of(now, "inputs_total").map(({ labels }) => String(labels.stage)));
  const stages = allStages.filter(({ name }) => running.has(name)).map(({ name }) => name);
  const states = ports.map((port) => {
    const value = sum(of(now, "breaker_state"), { port });
    return [port, stateNames[value] ?? "unknown"] as const;
  });
  return {
    processes,
    stages: stages.map((stage) => ({
      ...statusOf(stage, earlier, now, seconds),
      ...lettersOf(stage, counts),
    })),
    breakers: Object.fromEntries(states),
  };
}

type LetterStatus = Pick<StageStatus, "deadLetters" | "redrivenLetters" | "lettersCounted">;

function lettersOf(stage: string, counts: Counts): LetterStatus {
  const count = counts?.get(stage);
  if (count === undefined) return { deadLetters: null, redrivenLetters: null, lettersCounted: false };
  return { deadLetters: count.waiting, redrivenLetters: count.redriven, lettersCounted: count.complete };
}

function statusOf(
  stage: string,
  earlier: Samples,
  now: Samples,
  seconds: number,
): Omit<StageStatus, keyof LetterStatus> {
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
  };
}

const of = (samples: Samples, name: string): readonly Sample[] => samples.get(`pavilion_${name}`) ?? [];

const sum = (samples: readonly Sample[], labels: Record<string, string>): number =>
  samples
    .filter((sample) => {
      const own = new Map(Object.entries(sample.labels));
      return Object.entries(labels).every(([name, value]) => own.get(name) === value);
    })
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

export function overviewLines({ processes, stages, breakers }: Overview): string[] {
  const lines = processes.length === 0 ? [] : [...processLines(processes), ""];
  return stages.length === 0 ? lines : [...lines, ...stageLines(stages, breakers)];
}

function processLines(processes: readonly NamedStanding[]): string[] {
  const header = ["process", "stands", "since", "restarts", "last end"];
  const rows = processes.map(({ name, state, since, restarts, ended, failedStarts, failure }) => [
    name,
    failure === null ? state : `${state}: ${String(failedStarts)} starts failed, ${failure}; tried again`,
    since,
    String(restarts),
    ended ?? "",
  ]);
  return tableLines(header, rows, ["restarts"]);
}

function stageLines(stages: readonly StageStatus[], breakers: Overview["breakers"]): string[] {
  const header = ["stage", "lag", "in/s", "p50 ms", "p99 ms", "waits for", "failures", "dead letters"];
  const standings = new Map(Object.entries(breakers));
  const rows = stages.map((one) => [
    one.stage,
    String(one.lag),
    one.rate.toFixed(1),
    one.p50Ms === null ? "" : String(one.p50Ms),
    one.p99Ms === null ? "" : String(one.p99Ms),
    one.waitsFor.map((port) => `${port} (breaker ${standings.get(port) ?? "unknown"})`).join(", "),
    String(one.failures),
    lettersText(one),
  ]);
  const right = ["lag", "in/s", "p50 ms", "p99 ms", "failures", "dead letters"];
  const states = [...standings].map(([port, state]) => `${port} ${state}`);
  return [...tableLines(header, rows, right), "", `breakers: ${states.join(", ")}`];
}

function lettersText({ deadLetters, redrivenLetters, lettersCounted }: LetterStatus): string {
  if (deadLetters === null) return "unknown";
  const waiting = `${lettersCounted ? "" : "at least "}${String(deadLetters)}`;
  return redrivenLetters === null || redrivenLetters === 0
    ? waiting
    : `${waiting}, and ${String(redrivenLetters)} redriven`;
}
