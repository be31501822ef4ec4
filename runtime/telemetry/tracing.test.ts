import assert from "node:assert/strict";
import { once } from "node:events";
import { createServer, type Server } from "node:http";
import type { AddressInfo } from "node:net";
import { after, before, test } from "node:test";
import { noTracing, openTracing, type SpanStart, type Tracing } from "./tracing.ts";

interface OtlpSpan {
  readonly traceId: string;
  readonly spanId: string;
  readonly parentSpanId?: string;
  readonly name: string;
  readonly attributes: readonly { key: string; value: Record<string, unknown> }[];
  readonly status: { code?: number };
  readonly startTimeUnixNano: string;
}

interface OtlpRequest {
  readonly resourceSpans: readonly {
    readonly resource: { readonly attributes: OtlpSpan["attributes"] };
    readonly scopeSpans: readonly { readonly spans: readonly OtlpSpan[] }[];
  }[];
}

/** An OTLP collector that keeps what it is sent. */
let collector: Server;
let endpoint: string;
const received: { url: string | undefined; body: OtlpRequest }[] = [];

before(async () => {
  collector = createServer((request, response) => {
    const chunks: Buffer[] = [];
    request.on("data", (chunk: Buffer) => chunks.push(chunk));
    request.on("end", () => {
      received.push({ url: request.url, body: JSON.parse(Buffer.concat(chunks).toString()) as OtlpRequest });
      response.writeHead(200, { "content-type": "application/json" }).end("{}");
    });
  });
  collector.listen(0, "127.0.0.1");
  await once(collector, "listening");
  endpoint = `http://127.0.0.1:${String((collector.address() as AddressInfo).port)}`;
});

after(() => {
  collector.closeAllConnections();
  collector.close();
});

const traceId = "0af7651916cd43dd8448eb211c80319c";
const parentId = "b7ad6b7169203331";

const spanOf = (change: Partial<SpanStart> = {}): SpanStart => ({
  stage: "routing",
  topic: "eu.broker.requests",
  partition: 1,
  offset: 7n,
  requestId: "request-1",
  traceparent: `00-${traceId}-${parentId}-01`,
  startedAt: 1_700_000_000_000,
  ...change,
});

async function spansAfter(work: (tracing: Tracing) => void): Promise<OtlpSpan[]> {
  received.length = 0;
  const tracing = await openTracing(endpoint, "eu");
  work(tracing);
  await tracing.close();
  return received.flatMap(({ body }) =>
    body.resourceSpans.flatMap(({ scopeSpans }) => scopeSpans.flatMap(({ spans }) => spans)),
  );
}

const attributesOf = ({ attributes }: OtlpSpan): Record<string, unknown> =>
  Object.fromEntries(attributes.map(({ key, value }) => [key, Object.values(value)[0]]));

test("two hops are one trace: the second span's parent is the first", async () => {
  const spans = await spansAfter((tracing) => {
    const first = tracing.start(spanOf());
    first.end("committed");
    const second = tracing.start(spanOf({ stage: "compliance", traceparent: first.traceparent }));
    second.end("committed");
    assert.match(second.traceparent, new RegExp(`^00-${traceId}-[0-9a-f]{16}-01$`));
    assert.notEqual(second.traceparent, first.traceparent);
  });
  const [first, second] = spans;
  assert.deepEqual(
    spans.map(({ name, traceId: id, parentSpanId }) => [name, id, parentSpanId]),
    [
      ["routing process", traceId, parentId],
      ["compliance process", traceId, first?.spanId],
    ],
  );
  assert.equal(second?.status.code ?? 0, 0);
  assert.equal(first?.startTimeUnixNano, "1700000000000000000");
  assert.equal(received[0]?.url, "/v1/traces");
});

test("a span names stage, topic, partition, offset, request and outcome, and nothing else", async () => {
  const [span, failed] = await spansAfter((tracing) => {
    tracing.start(spanOf()).end("committed");
    tracing.start(spanOf({ requestId: undefined })).end("aborted", "INTERNAL_ERROR");
  });
  assert.ok(span !== undefined && failed !== undefined);
  assert.deepEqual(attributesOf(span), {
    "pavilion.stage": "routing",
    "messaging.system": "kafka",
    "messaging.destination.name": "eu.broker.requests",
    "messaging.destination.partition.id": "1",
    "messaging.kafka.offset": 7,
    "pavilion.request_id": "request-1",
    "pavilion.outcome": "committed",
  });
  const { "error.type": type, "pavilion.request_id": request } = attributesOf(failed);
  assert.deepEqual([type, request, failed.status.code], ["INTERNAL_ERROR", undefined, 2]);
});

test("what its maker does not want traced is not, and says so to the next hop", async () => {
  const spans = await spansAfter((tracing) => {
    const span = tracing.start(spanOf({ traceparent: `00-${traceId}-${parentId}-00` }));
    span.end("committed");
    assert.match(span.traceparent, new RegExp(`^00-${traceId}-[0-9a-f]{16}-00$`));
  });
  assert.deepEqual(spans, []);
});

test("a trace that cannot be read begins anew", async () => {
  const [span] = await spansAfter((tracing) => {
    tracing.start(spanOf({ traceparent: "nonsense" })).end("committed");
  });
  assert.ok(span !== undefined && (span.parentSpanId ?? "") === "");
});

test("a collector that is away holds nobody up", async () => {
  const tracing = await openTracing("http://127.0.0.1:1", "eu");
  tracing.start(spanOf()).end("committed");
  await tracing.close();
});

test("without an endpoint a record hands on the trace it came with", () => {
  const span = noTracing.start(spanOf());
  span.end("committed");
  assert.equal(span.traceparent, spanOf().traceparent);
});
