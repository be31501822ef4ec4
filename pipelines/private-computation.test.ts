/**
 * The whole pipeline in memory, driven by one seed: any order of events, crashes before a commit, records written twice.
 * Whatever the seed, each request has one result, the same answer, is charged once, and has its evidence once.
 */
import assert from "node:assert/strict";
import { test } from "node:test";
import { verifyCheckpoint } from "../crypto/checkpoint/checkpoint.ts";
import { verifyInclusion } from "../crypto/merkle/merkle.ts";
import { hashOfLeaf, originOf } from "../documents/leaves.ts";
import { parseDocument } from "../documents/validate.ts";
import { MemoryLog } from "../runtime/memory/log.ts";
import { MemoryPipeline } from "../runtime/memory/pipeline.ts";
import type { Emission } from "../runtime/task.ts";
import type { AuditEvent, EventName, EventTypes, Result } from "../schemas/avro/index.ts";
import type { EvidenceBundleDocument } from "../schemas/json/evidence-bundle.ts";
import type { MatchLeaf } from "../schemas/json/match-leaf.ts";
import type { SpendLeaf } from "../schemas/json/spend-leaf.ts";
import type { TopicName } from "../schemas/topics.ts";
import { statisticsIn } from "../test/stage-aggregate.ts";
import { firstSeed } from "../test/stage-seed.ts";
import { type PrivateComputationPorts } from "./private-computation.ts";

import {
  collaboration,
  logKey,
  partitions,
  portsIn,
  pushes,
  recordsOf,
  region,
  seedsIn,
  signed,
  stages,
  start,
} from "../test/stage-pipeline.ts";

const requests = await Promise.all([
  signed(1),
  signed(2, { epsilon: "2" }),
  signed(3, { purpose: "marketing" }),
  signed(4, { epsilon: "3/2" }),
  // The first one's question again.
  signed(5),
]);

function emission<N extends EventName>(
  topic: TopicName,
  type: N,
  value: EventTypes[N],
  to: Partial<Emission>,
): Emission {
  return { topic, type, value, key: "", id: "outside", source: "/test", subject: "", traceparent: "", ...to };
}

interface Faults {
  readonly crashOneIn: number;
  readonly doubleOneIn: number;
}

interface Run {
  readonly results: Result[];
  readonly bundles: EventTypes["EvidenceBundle"][];
  readonly spends: AuditEvent[];
  readonly log: MemoryLog;
}

/** The region with both datasets pushed. */
async function openRegion(seed: number, faults: Faults) {
  const log = new MemoryLog(start);
  const pipeline = new MemoryPipeline(
    {
      stages,
      region,
      partitions,
      providers: collaboration.providers.map((party) => party.id),
      ports: portsIn(log),
      choose: seededChoice(seed),
      ...faults,
    },
    log,
  );
  tick(log);
  for (const { id, dataset, batches } of pushes) {
    for (const batch of batches) {
      const to = { key: dataset, provider: id };
      log.append(
        `${region}.ingest.${id}`,
        partitions,
        emission("ingest.<provider>", "RecordBatch", batch, to),
      );
    }
  }
  await pipeline.settle();
  await passTicks(log, pipeline);
  assert.deepEqual(seedsIn(log).newest(), { ...firstSeed, open: true });
  return { log, pipeline };
}

/** So many seconds that everything logged before them is anchored, and told. */
async function passTicks(log: MemoryLog, pipeline: MemoryPipeline<PrivateComputationPorts>): Promise<void> {
  for (let seconds = 0; seconds < 5; seconds++) {
    log.advance(1_000);
    tick(log);
    await pipeline.settle();
  }
}

function tick(log: MemoryLog): void {
  const value = { worker: "w", stages: stages.map((stage) => stage.name) };
  log.append(
    `${region}.clock.ticks`,
    partitions,
    emission("clock.ticks", "Tick", value, { partition: "all" }),
  );
}

/** The broker publishes each one twice: a repeated request is one request. */
function ask(log: MemoryLog, request: EventTypes["SignedRequest"]): void {
  const to = { key: request.requestId };
  for (let copies = 0; copies < 2; copies++) {
    log.append(
      `${region}.broker.requests`,
      partitions,
      emission("broker.requests", "SignedRequest", request, to),
    );
  }
}

/** Beyond every request's deadline and the grace that follows it. */
function passDeadlines(log: MemoryLog): void {
  log.advance(120_000);
  tick(log);
}

function readRun(log: MemoryLog): Run {
  const audits = log.records(`${region}.audit.events`).map(({ emission }) => emission);
  return {
    results: distinct(log.records(`${region}.broker.results`).map(({ emission }) => emission)),
    bundles: distinct(log.records(`${region}.evidence.bundles`).map(({ emission }) => emission)),
    spends: distinct(audits.filter(({ value }) => (value as AuditEvent).action === "budget.spent")),
    log,
  };
}

async function run(seed: number, faults: Faults): Promise<Run> {
  const { log, pipeline } = await openRegion(seed, faults);
  for (const request of requests) {
    ask(log, request);
    await pipeline.settle();
  }
  passDeadlines(log);
  await pipeline.settle();
  await passTicks(log, pipeline);
  return readRun(log);
}

/** One request; the stages are down from before it until its deadline has passed, then all go on. */
async function runDown(seed: number, down: readonly string[]): Promise<Run> {
  const { log, pipeline } = await openRegion(seed, harsh);
  const [request] = requests;
  ask(log, request);
  await pipeline.settle(down);
  passDeadlines(log);
  if (seed % 2 === 0) await pipeline.settle(down);
  await pipeline.settle();
  await passTicks(log, pipeline);
  return readRun(log);
}

/** Values of the events, each once: a doubled record is one event by its id, as its reader would see it. */
const distinct = <T>(emissions: Emission[]): T[] => [
  ...new Map(emissions.map((event) => [`${event.source} ${event.id}`, event.value as T])).values(),
];

/** Mulberry32: small, seeded, and good enough to choose an order. */
function seededChoice(seed: number): (n: number) => number {
  let state = seed;
  return (n) => {
    state = (state + 0x6d2b79f5) | 0;
    let mixed = Math.imul(state ^ (state >>> 15), 1 | state);
    mixed = (mixed + Math.imul(mixed ^ (mixed >>> 7), 61 | mixed)) ^ mixed;
    return ((mixed ^ (mixed >>> 14)) >>> 0) % n;
  };
}

/** What must not depend on the seed. */
const essence = ({ results, spends, bundles }: Run): unknown => ({
  results: results
    .map(({ credential: _, message: __, ...told }) => told)
    .sort((one, other) => one.requestId.localeCompare(other.requestId)),
  // Where the leaves stand in the log, and under which checkpoints, is a matter of order.
  bundles: bundles
    .map(({ requestId, text }) => {
      const { log: _, credential: __, ...bundle } = JSON.parse(text) as EvidenceBundleDocument;
      return { requestId, bundle };
    })
    .sort((one, other) => one.requestId.localeCompare(other.requestId)),
  spends: spends.map(({ requestId, details }) => ({ requestId, details })),
});

const harsh: Faults = { crashOneIn: 5, doubleOneIn: 4 };
const calm = await run(1, { crashOneIn: 0, doubleOneIn: 0 });

test("each request has one result or one coded error", () => {
  const outcome = calm.results
    .map(({ requestId, status, code }) => [requestId.slice(-1), status, code])
    .sort(([one], [other]) => String(one).localeCompare(String(other)));
  assert.deepEqual(outcome, [
    ["1", "provisional", null],
    ["2", "provisional", null],
    ["3", "refused", "POLICY_DENIED"],
    ["4", "refused", "BUDGET_EXHAUSTED"],
    ["5", "provisional", null],
  ]);
  assert.equal(calm.spends.length, 2);
});

const resultOf = (number: number): Result => {
  const found = calm.results.find(({ requestId }) => requestId.endsWith(String(number)));
  assert.ok(found);
  return found;
};

test("a repeated question gets the first one's answer, free, and is told whose evidence it has", () => {
  const [first, repeated] = [resultOf(1), resultOf(5)];
  assert.deepEqual(repeated.answer?.groups, first.answer?.groups);
  assert.equal(repeated.answer?.epsilonSpent, "0");
  assert.deepEqual([first.evidenceFor, repeated.evidenceFor], [first.requestDigest, first.requestDigest]);
  assert.deepEqual([repeated.matchLeaf, repeated.spendLeaf], [first.matchLeaf, first.spendLeaf]);
});

test("each charged request has one evidence bundle, over the leaves that its result names, and no other has one", () => {
  const bundled = calm.bundles.map(({ requestDigest }) => requestDigest).sort();
  assert.deepEqual(bundled, [resultOf(1), resultOf(2)].map(({ requestDigest }) => requestDigest).sort());
  for (const { requestDigest, text } of calm.bundles) {
    const { log, release, credential } = parseDocument("evidence-bundle", text);
    const told = calm.results.find((result) => result.requestDigest === requestDigest);
    assert.equal(credential, told?.credential);
    assert.equal(hashOfLeaf(log.match.leaf as unknown as MatchLeaf), told?.matchLeaf);
    assert.equal(hashOfLeaf(log.spend.leaf as unknown as SpendLeaf), told?.spendLeaf);
    const { root, size } = verifyCheckpoint(log.checkpoint, {
      origin: originOf(region),
      publicKey: logKey.publicKey,
    });
    for (const { leaf, index, proof } of [log.seed, log.match, log.spend]) {
      const hash = hashOfLeaf(leaf as unknown as MatchLeaf);
      assert.ok(verifyInclusion(hash, index, size, proof, root));
    }
    assert.ok(log.seed.index < log.match.index && log.match.index < log.spend.index);
    assert.ok(release.groups.every(({ suppressed, proofs }) => proofs.length > 0 || suppressed));
  }
});

test("every leaf is anchored once, in an unbroken log", () => {
  const leaves = distinct<EventTypes["AnchoredLeaf"]>(
    calm.log.records(`${region}.proofs.anchored`).map(({ emission }) => emission),
  );
  assert.deepEqual(
    leaves.map(({ index }) => index),
    [...leaves.keys()],
  );
  const kinds = leaves.map(({ kind }) => kind).sort();
  // The budget's refusal comes after the match, and so does the stored answer.
  assert.deepEqual(kinds, ["match", "match", "match", "match", "seed", "spend", "spend"]);
});

test("an exact aggregate is the plain join's", () => {
  const [first] = calm.log.records(`${region}.aggregate.sums`);
  const exact = first?.emission.value as EventTypes["ExactAggregate"];
  const total = exact.cells.find(({ grouping }) => grouping === 0);
  assert.ok(total);
  const [people, aged, years] = statisticsIn(total, exact.plan);
  const ages = recordsOf("northwind-patients")
    .slice(20)
    .map(({ values }) => values[0] ?? null)
    .filter((age) => age !== null);
  assert.deepEqual([people, aged, years], [60, ages.length, ages.reduce((sum, age) => sum + age, 0)]);
});

for (let seed = 2; seed <= 25; seed++) {
  test(`seed ${String(seed)}: crashes, doubled records and any order change nothing`, async () => {
    const faulty = await run(seed, harsh);
    assert.deepEqual(essence(faulty), essence(calm));
  });
}

for (const down of [["zkp"], ["anchoring"], ["evidence"], ["zkp", "anchoring", "evidence"]]) {
  test(`${down.join(" and ")} down past the deadline: the answer does not wait, and its evidence follows`, async () => {
    for (let seed = 100; seed < 105; seed++) {
      const late = await runDown(seed, down);
      assert.equal(outcomeOf(late), "provisional, 1 spent", `seed ${String(seed)}`);
      assert.deepEqual(
        late.bundles.map(({ requestDigest }) => requestDigest),
        late.results.map(({ evidenceFor }) => evidenceFor),
      );
    }
  });
}

const outcomeOf = ({ results, spends }: Run): string =>
  [...results.map(({ status, code }) => code ?? status), `${String(spends.length)} spent`].join(", ");

// Whatever comes too late to the ledger is refused there, be it a sum in its hands or the word that the time is over.
for (const down of [["routing"], ["aggregate"], ["aggregate", "dp"], ["psi", "dp"]]) {
  test(`${down.join(" and ")} down past the deadline: refused once, never charged`, async () => {
    for (let seed = 100; seed < 110; seed++) {
      const outcome = outcomeOf(await runDown(seed, down));
      assert.equal(outcome, "DEADLINE_PASSED, 0 spent", `seed ${String(seed)}`);
    }
  });
}

test("dp down past the deadline with a sum that came in time: charged and answered, or neither", async () => {
  const outcomes = new Set<string>();
  for (let seed = 100; seed < 130; seed++) outcomes.add(outcomeOf(await runDown(seed, ["dp"])));
  assert.deepEqual([...outcomes].sort(), ["DEADLINE_PASSED, 0 spent", "provisional, 1 spent"]);
});

for (const down of [["signing"], ["result"], ["signing", "result"]]) {
  test(`${down.join(" and ")} down past the deadline: what was charged is answered, and nothing refused`, async () => {
    for (let seed = 100; seed < 110; seed++) {
      const late = await runDown(seed, down);
      assert.equal(outcomeOf(late), "provisional, 1 spent", `seed ${String(seed)}`);
      assert.deepEqual(late.log.records(`${region}.result.refusals`), []);
    }
  });
}
