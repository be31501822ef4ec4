import assert from "node:assert/strict";
import { afterEach, test } from "node:test";
import { freePort } from "../../infra/embedded/tcp-ports.ts";
import { Metrics } from "../../runtime/telemetry/metrics.ts";
import { fetchSamples } from "../../cli/status/samples.ts";
import { openMetricsEndpoint, type MetricsEndpoint } from "./metrics-endpoint.ts";

const open = new Set<MetricsEndpoint>();
afterEach(async () => {
  for (const endpoint of open) await endpoint.close();
  open.clear();
});

async function serve(metrics: Metrics): Promise<number> {
  const port = await freePort();
  open.add(await openMetricsEndpoint(metrics, { port }));
  return port;
}

test("serves Prometheus' text, and the same samples as JSON", async () => {
  const metrics = new Metrics();
  metrics.stage("dp").handled(0.1);
  const port = await serve(metrics);
  const response = await fetch(`http://127.0.0.1:${String(port)}/metrics`);
  assert.match(response.headers.get("content-type") ?? "", /^text\/plain/);
  assert.match(await response.text(), /^pavilion_inputs_total\{stage="dp"\} 1$/m);
  const samples = await fetchSamples("127.0.0.1", port);
  assert.deepEqual(samples.get("pavilion_inputs_total"), [{ labels: { stage: "dp" }, value: 1 }]);
});

test("answers nothing else and takes nothing in", async () => {
  const url = `http://127.0.0.1:${String(await serve(new Metrics()))}`;
  for (const [path, method, status] of [
    ["/", "GET", 404],
    ["/metrics?x", "GET", 404],
    ["/../package.json", "GET", 404],
    ["/metrics", "POST", 405],
    ["/metrics", "DELETE", 405],
  ] as const) {
    assert.equal((await fetch(`${url}${path}`, { method })).status, status, `${method} ${path}`);
  }
});

test("listens on the loopback address alone, unless told otherwise", async () => {
  const port = await serve(new Metrics());
  const { networkInterfaces } = await import("node:os");
  const others = Object.values(networkInterfaces()).flatMap((list) =>
    (list ?? []).filter(({ internal, family }) => !internal && family === "IPv4"),
  );
  for (const { address } of others) {
    await assert.rejects(fetch(`http://${address}:${String(port)}/metrics`));
  }
  assert.equal((await fetch(`http://127.0.0.1:${String(port)}/metrics`)).status, 200);
});

test("says when its port is taken, and gives it back when it is closed", async () => {
  const port = await freePort();
  const first = await openMetricsEndpoint(new Metrics(), { port });
  await assert.rejects(openMetricsEndpoint(new Metrics(), { port }), { code: "EADDRINUSE" });
  await first.close();
  open.add(await openMetricsEndpoint(new Metrics(), { port }));
});

test("whoever asks where nobody answers, or somebody else does, hears it as METRICS_UNAVAILABLE", async () => {
  await assert.rejects(fetchSamples("127.0.0.1", await freePort()), { code: "METRICS_UNAVAILABLE" });
  const { createServer } = await import("node:http");
  const stranger = createServer((_, response) => response.end('[{"name":1}]'));
  const port = await freePort();
  await new Promise<void>((resolve) => stranger.listen(port, "127.0.0.1", resolve));
  await assert.rejects(fetchSamples("127.0.0.1", port), { code: "METRICS_UNAVAILABLE" });
  stranger.close();
});
