/**
 * What the runtime of one process is watched by: shared by all its stages.
 */
import { Breaker } from "../failures/breaker.ts";
import { Metrics } from "./metrics.ts";
import { noTracing, type Tracing } from "./tracing.ts";

export interface Telemetry {
  readonly metrics: Metrics;
  readonly tracing: Tracing;
  /** Before the schema registry. Any failure of reading a record that is no verdict on it is the registry's. */
  readonly registry: Breaker;
}

export function openTelemetry(tracing: Tracing = noTracing): Telemetry {
  const metrics = new Metrics();
  const rules = { away: "REGISTRY_UNAVAILABLE", saysAway: () => true } as const;
  const registry = new Breaker("registry", rules, (state) => {
    metrics.breaker("registry", state);
  });
  return { metrics, tracing, registry };
}
