import assert from "node:assert/strict";
import { afterEach, beforeEach, mock, test } from "node:test";
import { pino } from "pino";
import type { DatasetHead, DeadLetter, EventName, EventTypes } from "../../schemas/avro/index.ts";
import { settled } from "../../test/waits.ts";
import { PavilionError } from "../../errors/errors.ts";
import { describeError } from "../log.ts";
import type { Codec } from "../registry/codec.ts";
import { output, publish, reject, type Outcome, type Stage } from "../contract/stage.ts";
import { StageTask } from "../task.ts";
import { openTelemetry, type Telemetry } from "../telemetry/telemetry.ts";
import type { SpanStart, Tracing } from "../telemetry/tracing.ts";
import type { FetchedRecord } from "./fetched-record.ts";
import { InputHandler, type Handled } from "./input-handler.ts";
import { asking } from "../../pipelines/private-computation/asking.ts";
import { topics } from "../../pipelines/pipelines.ts";

beforeEach(() => {
  mock.timers.enable({ apis: ["setTimeout", "Date"] });
});
afterEach(() => {
  mock.timers.reset();
});

const head: DatasetHead = {
  ...{ collaboration: "c", epoch: 1, provider: "p", dataset: "d" },
  ...{ sequence: 1, head: "h", complete: true, signature: "s" },
};

/** What is to happen at each attempt; then everything is fine. */
interface Script {
  readonly handler?: Error[];
  readonly registry?: Error[];
  readonly outcome?: Outcome;
}

interface Bench {
  readonly handler: InputHandler<"DatasetHead" | "Tick", null>;
  readonly telemetry: Telemetry;
  readonly stopping: AbortController;
  readonly spans: (SpanStart & { ended?: string })[];
  readonly lines: Record<string, unknown>[];
}

const spanTraceparent = "00-0af7651916cd43dd8448eb211c80319c-00000000000000aa-01";

function recordingTracing(spans: Bench["spans"]): Tracing {
  return {
    start: (span) => {
      const kept: Bench["spans"][number] = { ...span };
      spans.push(kept);
      const end = (outcome: string, code?: string): void => {
        kept.ended = [outcome, ...(code === undefined ? [] : [code])].join(" ");
      };
      return { traceparent: spanTraceparent, end };
    },
    close: () => Promise.resolve(),
  };
}

function bench(script: Script = {}): Bench {
  const [failures, absences] = [[...(script.handler ?? [])], [...(script.registry ?? [])]];
  const sent = publish({ outputs: [output("dataset.heads", "DatasetHead", head, { key: "d" })] });
  const stage: Stage<"DatasetHead" | "Tick", null> = {
    name: "routing",
    inputs: [
      { topic: "dataset.heads", types: ["DatasetHead"] },
      { topic: "clock.ticks", types: ["Tick"] },
    ],
    outputs: ["dataset.heads"],
    handle: ({ type }) => {
      const failure = failures.shift();
      if (failure !== undefined) throw failure;
      return type === "Tick" ? publish({}) : (script.outcome ?? sent);
    },
  };
  const codec = {
    topics,
    decode: <N extends EventName>() => {
      const absence = absences.shift();
      if (absence !== undefined) return Promise.reject(absence);
      return Promise.resolve(head as EventTypes[N]);
    },
  } as unknown as Codec;
  const [spans, lines]: [Bench["spans"], Bench["lines"]] = [[], []];
  const telemetry = openTelemetry(recordingTracing(spans));
  const write = (line: string): void => void lines.push(JSON.parse(line) as Record<string, unknown>);
  const stopping = new AbortController();
  const place = { stage, partition: 0, region: "eu", ports: null, topics, asking };
  const handler = new InputHandler({
    ...{ stage, codec, telemetry, partition: 0, partitions: 2, signal: stopping.signal },
    task: new StageTask({ ...place, sealOriginal: (raw) => raw }),
    metrics: telemetry.metrics.stage("routing"),
    log: pino({ level: "debug", serializers: { error: describeError } }, { write }),
  });
  return { handler, telemetry, stopping, spans, lines };
}

const traceparent = "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01";

function record(offset: number, topic: "dataset.heads" | "clock.ticks" = "dataset.heads"): FetchedRecord {
  const type = topic === "clock.ticks" ? "pavilion.Tick" : "pavilion.DatasetHead";
  return {
    topic,
    address: `eu.${topic}`,
    message: {
      key: Buffer.from("d"),
      value: Buffer.from("raw"),
      timestamp: "0",
      offset: String(offset),
      headers: new Map([
        ["ce_type", Buffer.from(type)],
        ["traceparent", Buffer.from(traceparent)],
      ]),
      headerCount: 2,
      headerBytes: 100,
    },
  };
}

const letterOf = ({ emissions }: Handled): DeadLetter | undefined =>
  emissions.find(({ topic }) => topic === "dead-letter")?.value as DeadLetter | undefined;

async function sample({ telemetry }: Bench, name: string, labels: string): Promise<number> {
  const text = await telemetry.metrics.registry.metrics();
  const line = text.split("\n").find((one) => one.startsWith(`pavilion_${name}{${labels}}`));
  return Number(line?.split(" ")[1] ?? 0);
}

const times = <T>(count: number, value: T): T[] => Array.from({ length: count }, () => value);

test("what an input led to carries its span, which ends with the transaction", async () => {
  for (const outcome of ["committed", "aborted"] as const) {
    const at = bench();
    const handled = await settled(at.handler.handle(record(3)));
    assert.deepEqual(
      handled.emissions.map((emission) => [emission.topic, emission.traceparent]),
      [["dataset.heads", spanTraceparent]],
    );
    const [span] = at.spans;
    assert.deepEqual(
      [span?.stage, span?.topic, span?.partition, span?.offset, span?.traceparent, span?.ended],
      ["routing", "eu.dataset.heads", 0, 3n, traceparent, undefined],
    );
    handled.end(outcome);
    assert.equal(span?.ended, outcome);
    const counted = await sample(at, "end_to_end_seconds_count", 'stage="routing"');
    assert.equal(counted, outcome === "committed" ? 1 : 0);
  }
});

test("a tick that leads to nothing is neither traced nor counted", async () => {
  const at = bench();
  assert.deepEqual((await settled(at.handler.handle(record(0, "clock.ticks")))).emissions, []);
  assert.deepEqual(at.spans, []);
  assert.equal(await sample(at, "inputs_total", 'stage="routing"'), 0);
});

test("an input waits for a port that is away, says for which, and is then handled once", async () => {
  const at = bench({ handler: times(40, new PavilionError("HSM_UNAVAILABLE", "gone")) });
  const handling = at.handler.handle(record(0));
  await new Promise(setImmediate);
  assert.equal(at.handler.waitsFor, "hsm");
  const handled = await settled(handling);
  assert.equal(letterOf(handled), undefined);
  assert.equal(handled.emissions.length, 1);
  assert.equal(at.handler.waitsFor, undefined);
  assert.equal(await sample(at, "retries_total", 'stage="routing",code="HSM_UNAVAILABLE"'), 40);
});

test("a record waits for a registry that is away, whose breaker opens and closes again", async () => {
  const at = bench({ registry: times(12, new Error("the registry answers with status 503")) });
  const states: number[] = [];
  const handled = await settled(at.handler.handle(record(0)), async () => {
    states.push(await sample(at, "breaker_state", 'port="registry"'));
  });
  assert.equal(handled.emissions.length, 1);
  assert.ok(states.includes(2), "it opened");
  assert.equal(await sample(at, "breaker_state", 'port="registry"'), 0);
});

test("a poison input is given up after three attempts, with its cause, and the next is handled", async () => {
  const at = bench({ handler: times(3, new TypeError("value 4711 is no function")) });
  const handled = await settled(at.handler.handle(record(0)));
  const letter = letterOf(handled);
  assert.deepEqual(
    [letter?.code, letter?.attempts, letter?.cause, letter?.traceparent],
    ["INTERNAL_ERROR", 3, "TypeError", traceparent],
  );
  handled.end("committed");
  assert.equal(at.spans[0]?.ended, "committed INTERNAL_ERROR");
  assert.equal(await sample(at, "dead_letters_total", 'stage="routing",code="INTERNAL_ERROR"'), 1);
  assert.equal(letterOf(await settled(at.handler.handle(record(1)))), undefined);
});

test("an operation that keeps failing though its port answers is given up as well", async () => {
  const at = bench({ handler: times(8, new PavilionError("HSM_OPERATION_FAILED", "no")) });
  const letter = letterOf(await settled(at.handler.handle(record(0))));
  assert.deepEqual([letter?.attempts, letter?.cause], [8, "PavilionError HSM_OPERATION_FAILED"]);
});

test("what Kafka never takes is given up at once, with what Kafka said", async () => {
  const at = bench();
  const tooLarge = Object.assign(new Error("too large"), { type: "MESSAGE_TOO_LARGE" });
  const letter = letterOf(await settled(at.handler.handle(record(0), tooLarge)));
  assert.deepEqual([letter?.attempts, letter?.cause], [1, "Error MESSAGE_TOO_LARGE"]);
});

test("what a stage rejects is logged with its code and its place", async () => {
  const at = bench({ outcome: reject("BATCH_UNREADABLE", "It is refused.") });
  await settled(at.handler.handle(record(5)));
  const line = at.lines.find(({ msg }) => msg === "input is rejected");
  assert.deepEqual([line?.code, line?.topic, line?.offset], ["BATCH_UNREADABLE", "eu.dataset.heads", "5"]);
});

test("a stop ends the waiting, and the input is left for whoever comes next", async () => {
  const at = bench({ handler: times(1_000, new PavilionError("HSM_UNAVAILABLE", "gone")) });
  const handling = at.handler.handle(record(0));
  await new Promise(setImmediate);
  at.stopping.abort();
  await assert.rejects(handling, { name: "AbortError" });
});
