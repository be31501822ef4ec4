/**
 * The connector's metrics over HTTP: `/metrics` as Prometheus reads them, `/metrics.json` the same samples for
 * `./pavilion status`. It answers nothing else, and nobody's questions but reads.
 */
import { once } from "node:events";
import { createServer, type IncomingMessage, type ServerResponse } from "node:http";
import type { Metrics } from "../../runtime/telemetry/metrics.ts";

const defaultHost = "127.0.0.1";
const requestLimitMs = 5_000;
const connectionsMax = 16;

export interface MetricsEndpoint {
  close(): Promise<void>;
}

/** Rejects with the system's error where the port cannot be had. */
export async function openMetricsEndpoint(
  metrics: Metrics,
  { host = defaultHost, port }: { readonly host?: string; readonly port: number },
): Promise<MetricsEndpoint> {
  const server = createServer((request, response) => {
    void answer(metrics, request, response);
  });
  server.requestTimeout = requestLimitMs;
  server.headersTimeout = requestLimitMs;
  server.maxConnections = connectionsMax;
  server.listen(port, host);
  await once(server, "listening");
  return {
    async close() {
      server.closeAllConnections();
      server.close();
      await once(server, "close");
    },
  };
}

async function answer(
  { registry }: Metrics,
  request: IncomingMessage,
  response: ServerResponse,
): Promise<void> {
  request.resume();
  const send = (status: number, type: string, body: string): void => {
    response.writeHead(status, { "content-type": type, "cache-control": "no-store" }).end(body);
  };
  try {
    if (request.method !== "GET") send(405, "text/plain", "Only GET.\n");
    else if (request.url === "/metrics") send(200, registry.contentType, await registry.metrics());
    else if (request.url === "/metrics.json") {
      send(200, "application/json", JSON.stringify(await registry.getMetricsAsJSON()));
    } else send(404, "text/plain", "There is /metrics and /metrics.json.\n");
  } catch {
    send(500, "text/plain", "The metrics could not be taken.\n");
  }
}
