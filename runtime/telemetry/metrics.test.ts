import assert from "node:assert/strict";
import { test } from "node:test";
import fc from "fast-check";
import { topics } from "../../pipelines/pipelines.ts";
import type { TopicName } from "../../schemas/topics.ts";
import { PavilionError } from "../../errors/errors.ts";
import { Metrics, type PartitionView } from "./metrics.ts";

const idle: PartitionView = {
  lags: () => new Map(),
  queued: () => 0,
  stateEntries: () => 0,
  restoreSeconds: () => undefined,
  waitsFor: () => undefined,
  fills: () => [],
};

/** The samples of a metric as Prometheus reads them, without those that Node's own metrics are. */
async function samples(metrics: Metrics, name: string): Promise<string[]> {
  const text = await metrics.registry.metrics();
  return text.split("\n").filter((line) => line.startsWith(`pavilion_${name}{`));
}

test("counts inputs, failures, dead letters and transactions by stage, from zero on", async () => {
  const metrics = new Metrics();
  const stage = metrics.stage("psi");
  assert.deepEqual(await samples(metrics, "inputs_total"), ['pavilion_inputs_total{stage="psi"} 0']);
  stage.handled(0.02);
  stage.failed(new PavilionError("HSM_UNAVAILABLE", "gone"));
  stage.failed(new TypeError("x"));
  stage.deadLetter("EVENT_UNREADABLE");
  stage.transaction("committed");
  assert.deepEqual(await samples(metrics, "inputs_total"), ['pavilion_inputs_total{stage="psi"} 1']);
  assert.deepEqual(await samples(metrics, "retries_total"), [
    'pavilion_retries_total{stage="psi",code="HSM_UNAVAILABLE"} 1',
    'pavilion_retries_total{stage="psi",code="DEFECT"} 1',
  ]);
  assert.deepEqual(await samples(metrics, "dead_letters_total"), [
    'pavilion_dead_letters_total{stage="psi",code="EVENT_UNREADABLE"} 1',
  ]);
  assert.deepEqual(await samples(metrics, "transactions_total"), [
    'pavilion_transactions_total{stage="psi",outcome="committed"} 1',
    'pavilion_transactions_total{stage="psi",outcome="aborted"} 0',
  ]);
});

test("knows a breaker from its start, and counts its openings", async () => {
  const metrics = new Metrics();
  for (const state of ["open", "half-open", "open"] as const) metrics.breaker("chain", state);
  assert.ok((await samples(metrics, "breaker_state")).includes('pavilion_breaker_state{port="chain"} 2'));
  assert.ok((await samples(metrics, "breaker_state")).includes('pavilion_breaker_state{port="hsm"} 0'));
  const opened = await samples(metrics, "breaker_opened_total");
  assert.ok(opened.includes('pavilion_breaker_opened_total{port="chain"} 2'));
  assert.ok(opened.includes('pavilion_breaker_opened_total{port="hsm"} 0'));
});

test("asks every partition when it is asked, and no longer once that has gone", async () => {
  const metrics = new Metrics();
  let queued = 3;
  const end = metrics.stage("dp").watch(4, {
    ...idle,
    lags: () => new Map<TopicName, number>([["clock.ticks", 2]]),
    queued: () => queued,
    restoreSeconds: () => 1.5,
    waitsFor: () => "hsm",
    fills: () => [{ of: "waiting", held: 3, most: 4 }],
  });
  const at = 'stage="dp",partition="4"';
  assert.deepEqual(await samples(metrics, "lag_records"), [
    `pavilion_lag_records{${at},topic="clock.ticks"} 2`,
  ]);
  assert.deepEqual(await samples(metrics, "state_restore_seconds"), [
    `pavilion_state_restore_seconds{${at}} 1.5`,
  ]);
  assert.deepEqual(await samples(metrics, "fill_ratio"), [`pavilion_fill_ratio{${at},of="waiting"} 0.75`]);
  assert.deepEqual(metrics.fills(), [{ stage: "dp", partition: "4", of: "waiting", held: 3, most: 4 }]);
  assert.deepEqual(await samples(metrics, "waiting"), [`pavilion_waiting{${at},port="hsm"} 1`]);
  queued = 5;
  assert.deepEqual(await samples(metrics, "queue_records"), [`pavilion_queue_records{${at}} 5`]);
  end();
  for (const name of ["lag_records", "queue_records", "waiting", "fill_ratio"])
    assert.deepEqual(await samples(metrics, name), []);
});

test("the size of a state is told to a power of two, and never as less than it is", async () => {
  await fc.assert(
    fc.asyncProperty(fc.nat(2 ** 30), async (entries) => {
      const metrics = new Metrics();
      metrics.stage("psi").watch(0, { ...idle, stateEntries: () => entries });
      const told = Number((await samples(metrics, "state_entries"))[0]?.split(" ")[1]);
      assert.ok(told >= entries && told < 2 * Math.max(entries, 1));
      assert.ok(told === 0 || Number.isInteger(Math.log2(told)));
    }),
    { numRuns: 30 },
  );
});

test("labels are stages, partitions, declared topics, ports, codes, outcomes and what is held alone", async () => {
  const metrics = new Metrics();
  metrics.stage("dp");
  const own = metrics.registry.getMetricsAsArray().filter(({ name }) => name.startsWith("pavilion_"));
  const labels = own.flatMap((metric) => (metric as unknown as { labelNames: string[] }).labelNames);
  const allowed = ["stage", "partition", "topic", "port", "code", "outcome", "of"];
  assert.deepEqual(
    [...new Set(labels)].filter((label) => !allowed.includes(label)),
    [],
  );
  assert.ok(topics.names.includes("ingest.<provider>"), "a provider's topic is told without the provider");
  await metrics.registry.metrics();
});
