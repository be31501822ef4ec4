import assert from "node:assert/strict";
import { test } from "node:test";
import fc from "fast-check";
import { Metrics } from "../../../runtime/telemetry/metrics.ts";
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
    waitsFor: () => "hsm",
  });
  psi.handled(0.1);
  const before = await taken(metrics);
  for (let input = 0; input < 10; input++) {
    dp.handled(0.001);
    dp.ended(0.02);
  }
  dp.failed(new Error("x"));
  dp.deadLetter("INTERNAL_ERROR");
  metrics.breaker("hsm", "open");
  const overview = overviewOf(before, await taken(metrics), 2);
  assert.deepEqual(
    overview.stages.map(({ stage }) => stage),
    ["psi", "dp"],
    "in the pipeline's order",
  );
  assert.deepEqual(overview.stages[1], {
    ...{ stage: "dp", lag: 7, rate: 5, p50Ms: 17.5, p99Ms: 24.9 },
    ...{ waitsFor: ["hsm"], failures: 1, deadLetters: 1 },
  });
  const { rate, p50Ms, waitsFor } = overview.stages[0] ?? {};
  assert.deepEqual([rate, p50Ms, waitsFor], [0, null, []]);
  assert.deepEqual(overview.breakers, { hsm: "open", prover: "closed", registry: "closed", chain: "closed" });
  const lines = overviewLines(overview);
  assert.match(lines[2] ?? "", /^dp +7 +5\.0 +17\.5 +24\.9 +hsm \(breaker open\) +1 +1$/);
  assert.match(lines.at(-1) ?? "", /hsm open/);
});

test("a connector that started over in between has no negative rate", async () => {
  const [old, fresh] = [new Metrics(), new Metrics()];
  for (let input = 0; input < 5; input++) old.stage("dp").handled(1);
  fresh.stage("dp");
  assert.equal(overviewOf(await taken(old), await taken(fresh), 1).stages[0]?.rate, 0);
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
