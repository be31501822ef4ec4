/**
 * OpenTelemetry spans: one for each input that led to anything, a child of the trace that the record carries; what the
 * input led to carries the span's own place in the trace, so that spans join across hops.
 *
 * Without an endpoint nothing is loaded, and records hand on the trace they came with. Spans name stage, topic, partition
 * and request; never a value. Whoever made a request decides whether it is traced (W3C Trace Context, `sampled`).
 */
import type { SpanContext } from "@opentelemetry/api";

/** Where a span belongs, and since when it runs. */
export interface SpanStart {
  readonly stage: string;
  readonly topic: string;
  readonly partition: number;
  readonly offset: bigint;
  readonly requestId: string | undefined;
  /** W3C trace context of the input. */
  readonly traceparent: string;
  /** Milliseconds since the epoch. */
  readonly startedAt: number;
}

interface RunningSpan {
  /** What the emissions carry. */
  readonly traceparent: string;
  /** `code` where the input was rejected or given up. */
  readonly end: (outcome: "committed" | "aborted", code?: string) => void;
}

export interface Tracing {
  readonly start: (span: SpanStart) => RunningSpan;
  /** Hands over what is left, for a few seconds at most. */
  readonly close: () => Promise<void>;
}

export const noTracing: Tracing = {
  start: ({ traceparent }) => ({ traceparent, end: () => undefined }),
  close: () => Promise.resolve(),
};

const closeLimitMs = 3_000;
const exportLimitMs = 5_000;

/** Spans by OTLP over HTTP to the endpoint's `/v1/traces`, batched and bounded; what cannot be sent is dropped. */
export async function openTracing(endpoint: string, region: string): Promise<Tracing> {
  const [api, sdk, { OTLPTraceExporter }, { resourceFromAttributes }] = await Promise.all([
    import("@opentelemetry/api"),
    import("@opentelemetry/sdk-trace"),
    import("@opentelemetry/exporter-trace-otlp-http"),
    import("@opentelemetry/resources"),
  ]);
  const url = `${endpoint.replace(/\/$/, "")}/v1/traces`;
  const exporter = new OTLPTraceExporter({ url, timeoutMillis: exportLimitMs });
  const provider = new sdk.TracerProvider({
    resource: resourceFromAttributes({ "service.name": "pavilion-connector", "pavilion.region": region }),
    spanProcessors: [new sdk.BatchSpanProcessor({ exporter })],
  });
  const tracer = provider.getTracer("pavilion");
  return {
    start(span) {
      const parent = contextOf(span.traceparent);
      const context =
        parent === undefined ? api.ROOT_CONTEXT : api.trace.setSpanContext(api.ROOT_CONTEXT, parent);
      const { stage, topic, partition, startedAt } = span;
      const options = {
        kind: api.SpanKind.CONSUMER,
        startTime: startedAt,
        attributes: {
          "pavilion.stage": stage,
          "messaging.system": "kafka",
          "messaging.destination.name": topic,
          "messaging.destination.partition.id": String(partition),
          "messaging.kafka.offset": Number(span.offset),
          ...(span.requestId === undefined ? {} : { "pavilion.request_id": span.requestId }),
        },
      };
      const running = tracer.startSpan(`${stage} process`, options, context);
      return {
        traceparent: traceparentOf(running.spanContext()),
        end(outcome, code) {
          running.setAttribute("pavilion.outcome", outcome);
          if (code !== undefined) running.setAttribute("error.type", code);
          if (outcome === "aborted" || code !== undefined) {
            running.setStatus({ code: api.SpanStatusCode.ERROR });
          }
          running.end();
        },
      };
    },
    async close() {
      const limit = AbortSignal.timeout(closeLimitMs);
      const over = new Promise<void>((resolve) => {
        limit.addEventListener("abort", () => {
          resolve();
        });
      });
      await Promise.race([provider.shutdown().catch(() => undefined), over]);
    },
  };
}

function contextOf(traceparent: string): SpanContext | undefined {
  const match = /^00-([0-9a-f]{32})-([0-9a-f]{16})-([0-9a-f]{2})$/.exec(traceparent);
  if (match === null) return undefined;
  const [, traceId = "", spanId = "", flags = ""] = match;
  return { traceId, spanId, traceFlags: Number.parseInt(flags, 16) & 1, isRemote: true };
}

const traceparentOf = ({ traceId, spanId, traceFlags }: SpanContext): string =>
  `00-${traceId}-${spanId}-${traceFlags.toString(16).padStart(2, "0")}`;
