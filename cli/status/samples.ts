/**
 * A connector's metrics, as its endpoint answers them.
 */
import { PavilionError } from "../../errors/errors.ts";

export interface Sample {
  readonly labels: Readonly<Record<string, string | number>>;
  readonly value: number;
  /** Of a histogram's samples: the metric's name with `_bucket`, `_sum` or `_count`. */
  readonly metricName?: string;
}

/** Samples by metric. */
export type Samples = ReadonlyMap<string, readonly Sample[]>;

const answerLimitMs = 5_000;

/** Rejects with METRICS_UNAVAILABLE. */
export async function fetchSamples(host: string, port: number): Promise<Samples> {
  const name = host.includes(":") ? `[${host}]` : host;
  const url = `http://${name}:${String(port)}/metrics.json`;
  let answer: unknown;
  try {
    const response = await fetch(url, { signal: AbortSignal.timeout(answerLimitMs) });
    if (!response.ok) throw new Error(`status ${String(response.status)}`);
    answer = await response.json();
  } catch (cause) {
    throw new PavilionError("METRICS_UNAVAILABLE", `${url} does not answer.`, undefined, { cause });
  }
  if (!Array.isArray(answer) || !answer.every(isMetric)) {
    throw new PavilionError("METRICS_UNAVAILABLE", `${url} answers with something other than metrics.`);
  }
  // A value that is no number, which JSON writes as null, is none yet.
  return new Map(answer.map((metric) => [metric.name, metric.values.filter(isNumbered)]));
}

const isObject = (value: unknown): value is Record<string, unknown> =>
  typeof value === "object" && value !== null;

interface Metric {
  readonly name: string;
  readonly values: readonly (Omit<Sample, "value"> & { readonly value: number | null })[];
}

const isNumbered = (sample: Metric["values"][number]): sample is Sample => sample.value !== null;

const isMetric = (value: unknown): value is Metric =>
  isObject(value) &&
  typeof value.name === "string" &&
  Array.isArray(value.values) &&
  value.values.every(isSample);

const isSample = (value: unknown): boolean =>
  isObject(value) && isObject(value.labels) && (typeof value.value === "number" || value.value === null);
