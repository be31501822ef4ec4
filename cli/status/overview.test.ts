import assert from "node:assert/strict";
import { test } from "node:test";
import fc from "fast-check";
import { Metrics } from "../../runtime/telemetry/metrics.ts";
import { overviewLines, overviewOf, quantileOf } from "./overview.ts";
import type { Sample, Samples } from "./samples.ts";

/** As the endpoint's JSON gives them. */
async function taken(metrics: Metrics): Promise<Samples> {
  const answer: unknown = JSON.parse(JSON.stringify(await metrics.registry.getMetricsAsJSON()));
  return new Map((answer as { name: string; values: Sample[] }[]).map(({ name, values }) => [name, values]));
}

test("a stage shows its lag, rate, latency, failures and what it waits for", async () => {
  const metrics = new Metrics();
  const [dp, psi] = [metrics.stage("dp"), metrics.stage("psi")];
  dp.watch(0, {
    lags: () =>
      new Map([
        ["clock.ticks", 3],
        ["aggregate.sums", 7],
      ] as const),
    queued: () => 0,
    stateEntries: () => 1,
    restoreSeconds: () => 0.1,
    fills: () => [],
    waitsFor: () => "hsm",
  });
  psi.handled(0.1);
  const before = await taken(metrics);
  for (let input = 0; input < 10; input++) {
    dp.handled(0.001);
    dp.ended(0.02);
  }
  dp.failed(new Error("x"));
  metrics.breaker("hsm", "open");
  const counts = new Map([["dp", { waiting: 1, redriven: 2, complete: true }]]);
  const overview = overviewOf(before, await taken(metrics), 2, counts);
  assert.deepEqual(
    overview.stages.map(({ stage }) => stage),
    ["psi", "dp"],
    "in the pipeline's order",
  );
  assert.deepEqual(overview.stages[1], {
    ...{ stage: "dp", lag: 7, rate: 5, p50Ms: 17.5, p99Ms: 24.9 },
    ...{ waitsFor: ["hsm"], failures: 1, deadLetters: 1, redrivenLetters: 2, lettersCounted: true },
  });
  const { rate, p50Ms, waitsFor } = overview.stages[0] ?? {};
  assert.deepEqual([rate, p50Ms, waitsFor], [0, null, []]);
  assert.deepEqual(overview.breakers, { hsm: "open", prover: "closed", registry: "closed", chain: "closed" });
  const lines = overviewLines(overview);
  assert.match(lines[2] ?? "", /^dp +7 +5\.0 +17\.5 +24\.9 +hsm \(breaker open\) +1 +1, and 2 redriven$/);
  assert.match(lines.at(-1) ?? "", /hsm open/);
});

test("a connector that started over in between has no negative rate", async () => {
  const [old, fresh] = [new Metrics(), new Metrics()];
  for (let input = 0; input < 5; input++) old.stage("dp").handled(1);
  fresh.stage("dp");
  assert.equal(overviewOf(await taken(old), await taken(fresh), 1, undefined).stages[0]?.rate, 0);
});

test("letters that Kafka does not tell of are unknown, and those that are too many to count are at least so many", async () => {
  const metrics = new Metrics();
  for (const stage of ["psi", "dp"]) metrics.stage(stage).handled(1);
  const samples = await taken(metrics);
  const lines = (counts: Parameters<typeof overviewOf>[3]): string[] =>
    overviewLines(overviewOf(samples, samples, 1, counts)).slice(1, 3);
  assert.ok(lines(undefined).every((line) => line.endsWith("unknown")));
  const many = { waiting: 90_000, redriven: 0, complete: false };
  assert.match(lines(new Map([["psi", many]]))[0] ?? "", /at least 90000$/);
});

test("a process that is away is shown with its end, and what its starts fail of", () => {
  const since = "2026-01-02T03:04:05.000Z";
  const up = { state: "up", pid: 7, since, restarts: 3, ended: "signal SIGKILL" } as const;
  const processes = [
    { name: "Kafka", ...up, failedStarts: 0, failure: null },
    { name: "the chain", ...up, state: "away", pid: null, failedStarts: 4, failure: "PORT_IN_USE" } as const,
  ];
  const lines = overviewLines({ processes, stages: [], breakers: {} });
  assert.match(lines[1] ?? "", /^Kafka +up +2026-01-02T03:04:05\.000Z +3 +signal SIGKILL$/);
  assert.match(lines[2] ?? "", /^the chain +away: 4 starts failed, PORT_IN_USE; tried again +2026/);
});

test("a quantile lies in the bucket of its rank", () => {
  const bounds = [0.1, 0.5, 1, 5];
  fc.assert(
    fc.property(
      fc.array(fc.double({ min: 0.0001, max: 5, noNaN: true }), { minLength: 1, maxLength: 200 }),
      fc.double({ min: 0.01, max: 1, noNaN: true }),
      (values, share) => {
        const buckets = [...bounds, Infinity].map(
          (bound) => [bound, values.filter((value) => value <= bound).length] as const,
        );
        const rank = Math.ceil(share * values.length);
        const sample = values.toSorted((one, other) => one - other)[rank - 1] ?? 0;
        const upper = bounds.find((bound) => sample <= bound) ?? Infinity;
        const lower = bounds.findLast((bound) => bound < sample) ?? 0;
        const told = quantileOf(buckets, share) ?? NaN;
        assert.ok(told >= lower && told <= upper, `${String(told)} in ${String(lower)}…${String(upper)}`);
      },
    ),
  );
  assert.equal(
    quantileOf(
      [
        [1, 0],
        [Infinity, 0],
      ],
      0.5,
    ),
    null,
  );
  assert.equal(
    quantileOf(
      [
        [1, 0],
        [Infinity, 3],
      ],
      0.5,
    ),
    1,
    "beyond the last bound nothing more is known",
  );
});
