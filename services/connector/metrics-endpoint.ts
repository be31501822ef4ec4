/**
 * The connector's metrics over HTTP: `/metrics` as Prometheus reads them, `/metrics.json` the same samples for
 * `./pavilion status`. It answers nothing else, and nobody's questions but reads; nobody is asked who they are.
 */
import { route, serveRoute } from "../../runtime/contract/route.ts";
import type { Metrics } from "../../runtime/telemetry/metrics.ts";
import { openServer, type HttpServer } from "../http/server.ts";

const defaultHost = "127.0.0.1";
const limits = { connections: 16 };
const callsPerMinute = 600;

const asText = route({
  name: "metrics",
  summary: "The connector's metrics, as Prometheus reads them.",
  method: "GET",
  path: "/metrics",
  answer: { status: 200, mediaType: "text/plain; version=0.0.4; charset=utf-8" },
  callers: "anyone",
  limits: { callsPerMinute },
  codes: [],
  handle: async (_call, { registry }: Metrics) => registry.metrics(),
});

const asJson = route({
  name: "metrics-json",
  summary: "The connector's metrics, as JSON.",
  method: "GET",
  path: "/metrics.json",
  answer: { status: 200, schema: { type: "array", items: {} } },
  callers: "anyone",
  limits: { callsPerMinute },
  codes: [],
  handle: async (_call, { registry }: Metrics) => registry.getMetricsAsJSON(),
});

export type MetricsEndpoint = Pick<HttpServer, "close">;

/** Rejects with the system's error where the port cannot be had. */
export async function openMetricsEndpoint(
  metrics: Metrics,
  { host = defaultHost, port }: { readonly host?: string; readonly port: number },
): Promise<MetricsEndpoint> {
  return openServer({ host, port }, [serveRoute(asText, metrics), serveRoute(asJson, metrics)], { limits });
}
