/**
 * The whole pipeline in memory: what a calm run answers, and what comes of a request while stages are down. That nothing
 * changes it whatever fails is simulation/simulation.test.ts's.
 */
import assert from "node:assert/strict";
import { test } from "node:test";
import { verifyCheckpoint } from "../../crypto/checkpoint/checkpoint.ts";
import { verifyInclusion } from "../../crypto/merkle/merkle.ts";
import { hashOfLeaf, originOf } from "../../domain/log/leaves.ts";
import { parseDocument } from "../../schemas/reading/validate.ts";
import type { AuditEvent, EventName, EventTypes, Result } from "../../schemas/avro/index.ts";
import type { MatchLeaf } from "../../schemas/json/match-leaf.ts";
import type { SpendLeaf } from "../../schemas/json/spend-leaf.ts";
import { ask, openRegion, play, questions } from "./simulation/load.ts";
import { harshFaults, noFaults, World, type LoggedEvent } from "../../simulation/world.ts";
import { statisticsIn } from "../../test/stage-aggregate.ts";
import { logSigner, recordsOf, region, signed } from "./simulation/region.ts";
import { scenario } from "./simulation/scenario.ts";
import type { TopicName } from "../../schemas/topics.ts";

interface Run {
  readonly results: Result[];
  readonly bundles: EventTypes["EvidenceBundle"][];
  readonly spends: AuditEvent[];
  readonly on: <N extends EventName>(topic: TopicName) => LoggedEvent<N>[];
}

/** What stands on the topics once a run is over. */
function readRun(world: World): Run {
  const logged = new Map(world.topics.names.map((topic) => [topic, world.events(topic)] as const));
  const on = <N extends EventName>(topic: TopicName) => (logged.get(topic) ?? []) as LoggedEvent<N>[];
  return {
    on,
    results: on<"Result">("broker.results.<broker>").map(({ value }) => value),
    bundles: on<"EvidenceBundle">("evidence.bundles").map(({ value }) => value),
    spends: on<"AuditEvent">("audit.events")
      .map(({ value }) => value)
      .filter(({ action }) => action === "budget.spent"),
  };
}

async function runCalm(hostile = false): Promise<Run> {
  const world = new World({ seed: 1, faults: noFaults, setting: scenario, manner: "in turn" });
  try {
    await play(world, "in turn", hostile);
    return readRun(world);
  } finally {
    world.close();
  }
}

/** One request; the stages are down from before it until its deadline has passed, then all go on. */
async function runDown(seed: number, down: readonly string[]): Promise<Run> {
  const world = new World({
    ...{ seed, setting: scenario, manner: "in turn" },
    faults: { ...harshFaults, ports: noFaults.ports },
  });
  try {
    await openRegion(world);
    ask(world, request);
    await world.settle(down);
    await world.wait(120_000);
    world.tick(down);
    if (seed % 2 === 0) await world.settle(down);
    await world.settle();
    world.becomeCalm();
    await world.passSeconds(6);
    return readRun(world);
  } finally {
    world.close();
  }
}

/** The stages are away for two minutes, of which the others tell every second; then a question is asked, and they come back. */
async function runAway(seed: number, away: readonly string[]): Promise<{ meanwhile: Run; afterwards: Run }> {
  const world = new World({ seed, faults: noFaults, setting: scenario, manner: "in turn" });
  try {
    await openRegion(world);
    await world.passSeconds(120, away);
    ask(world, patient);
    await world.settle(away);
    const meanwhile = readRun(world);
    world.tick();
    await world.settle();
    await world.passSeconds(6);
    return { meanwhile, afterwards: readRun(world) };
  } finally {
    world.close();
  }
}

const request = await signed(1);
const patient = await signed(1, { deadlineSeconds: 3_600 });
const calm = await runCalm();

test("each request has one result or one coded error", () => {
  assert.equal(calm.results.length, questions.length);
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

test("an adversary's copies change no result, spend or bundle of what was signed, and are answered in their own names", async () => {
  const attacked = await runCalm(true);
  const byDigest = (results: readonly Result[]): Result[] =>
    results
      .filter(({ unsigned }) => !unsigned)
      .sort((one, other) => (one.requestDigest < other.requestDigest ? -1 : 1));
  // What is left beside an answer that costs nothing is as of when it is given: others may wait for an anchor then.
  const plain = ({ requestDigest, code, answer }: Result): unknown => [
    ...[requestDigest, code],
    answer?.epsilonSpent === "0" ? { ...answer, epsilonLeft: null } : answer,
  ];
  assert.deepEqual(byDigest(attacked.results).map(plain), byDigest(calm.results).map(plain));
  assert.ok(attacked.results.length > calm.results.length + 10);
  assert.equal(
    new Set(attacked.results.map(({ requestDigest }) => requestDigest)).size,
    attacked.results.length,
  );
  assert.deepEqual(
    attacked.spends.map(({ requestDigest }) => requestDigest).sort(),
    calm.spends.map(({ requestDigest }) => requestDigest).sort(),
  );
  assert.equal(attacked.bundles.length, calm.bundles.length);
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
      publicKey: logSigner.publicKey,
    });
    for (const { leaf, index, proof } of [log.seed, log.match, log.spend]) {
      const hash = hashOfLeaf(leaf);
      assert.ok(verifyInclusion(hash, index, size, proof, root));
    }
    assert.ok(log.seed.index < log.match.index && log.match.index < log.spend.index);
    assert.ok(release.groups.every(({ suppressed, proofs }) => proofs.length > 0 || suppressed));
  }
});

test("every leaf is anchored once, in an unbroken log", () => {
  const leaves = calm.on<"AnchoredLeaf">("proofs.anchored").map(({ value }) => value);
  assert.deepEqual(
    leaves.map(({ index }) => index),
    [...leaves.keys()],
  );
  const kinds = leaves.map(({ kind }) => kind).sort();
  // The budget's refusal comes after the match, and so does the stored answer.
  assert.deepEqual(kinds, ["match", "match", "match", "match", "seed", "spend", "spend"]);
});

test("an exact aggregate is the plain join's", () => {
  const exact = calm.on<"ExactAggregate">("aggregate.sums")[0]?.value;
  assert.ok(exact);
  const total = exact.cells.find(({ grouping }) => grouping === 0);
  assert.ok(total);
  const [people, aged, years] = statisticsIn(total, exact.plan);
  const ages = recordsOf("northwind-patients")
    .slice(20)
    .map(({ values }) => values[0] ?? null)
    .filter((age) => age !== null);
  assert.deepEqual([people, aged, years], [60, ages.length, ages.reduce((sum, age) => sum + age, 0)]);
});

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

const besideAnswer = ["ingest", "oprf-relay", "zkp", "anchoring", "evidence"];
for (const away of [...besideAnswer.map((stage) => [stage]), besideAnswer]) {
  test(`${away.join(" and ")} away for two minutes: questions are answered, and their evidence follows`, async () => {
    const { meanwhile, afterwards } = await runAway(1, away);
    assert.equal(outcomeOf(meanwhile), "provisional, 1 spent");
    assert.equal(afterwards.bundles.length, 1);
  });
}

for (const stage of ["compliance", "psi", "aggregate", "dp", "signing", "result"]) {
  test(`${stage} away for two minutes: what is asked meanwhile is refused, free of charge`, async () => {
    const { meanwhile, afterwards } = await runAway(1, [stage]);
    assert.deepEqual(
      meanwhile.on("result.refusals").map(({ value }) => (value as EventTypes["Refusal"]).code),
      ["REGION_UNAVAILABLE"],
    );
    assert.equal(outcomeOf(afterwards), "REGION_UNAVAILABLE, 0 spent");
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
      assert.deepEqual(late.on("result.refusals"), []);
    }
  });
}
