import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { describe, test } from "node:test";
import { fraction } from "../../crypto/fraction/fraction.ts";
import { errorBound } from "../../crypto/laplace/laplace.ts";
import { Standing } from "../../domain/terms/standing.ts";
import { digestOf } from "../../crypto/jws/canonical.ts";
import type { Column } from "../../domain/statistics/derived-columns.ts";
import type { Outcome } from "../../runtime/contract/stage.ts";
import type { DatasetHead, MatchQuestion, Plan, RoutedRequest } from "../../schemas/avro/index.ts";
import type { Collaboration } from "../../schemas/json/collaboration.ts";
import type { Question, Request } from "../../schemas/json/request.ts";
import { populationOver, populationsOf } from "../../test/populations.ts";
import {
  collaboration,
  issuedAt,
  population as pays,
  request,
  routed,
  tableOf,
} from "../../test/stage-question.ts";
import { firstSeed, seedRef } from "../../domain/log/testing/seeds.ts";
import { MemoryState } from "../../test/stage-state.ts";
import { loadPolicy } from "../../domain/policy/policy.ts";
import { compliance, type CompliancePorts } from "./stage.ts";

const wasm = readFileSync(new URL("../../domain/policy/policy.wasm", import.meta.url));
const pinned = readFileSync(new URL("../../domain/policy/policy.wasm.sha256", import.meta.url), "utf8").slice(
  0,
  64,
);
const policy = await loadPolicy(wasm, pinned);
/** A draw beyond the width has a chance of 2^-100. */
const WITHIN_WIDTH = fraction(2n ** 100n - 1n, 2n ** 100n);

const portsFor = (document: Collaboration = collaboration): CompliancePorts => ({
  region: "au-east",
  jurisdiction: "AU",
  collaborations: tableOf(document),
  standing: new Standing(),
  populations: populationsOf(populationOver(document, { region: "au-east" })),
  partitions: 4,
  policy,
});

const headOf = (dataset: string, sequence: number, change: Partial<DatasetHead> = {}): DatasetHead => ({
  collaboration: "care",
  epoch: 2,
  provider: "north",
  dataset,
  sequence,
  head: `${dataset}-${sequence.toString()}`,
  complete: true,
  signature: `signed ${dataset}-${sequence.toString()}`,
  ...change,
});

async function note(head: DatasetHead, state: MemoryState): Promise<void> {
  const event = {
    type: "DatasetHead" as const,
    value: head,
    topic: "dataset.heads" as const,
    key: "",
    time: issuedAt,
  };
  state.apply((await compliance.handle(event, state, portsFor())).changes);
}

async function ready(): Promise<MemoryState> {
  const state = new MemoryState();
  await note(headOf("people", 5), state);
  await note(headOf("visits", 2), state);
  return state;
}

async function decide(value: RoutedRequest, state: MemoryState, ports = portsFor()): Promise<Outcome> {
  const event = {
    type: "RoutedRequest" as const,
    value,
    topic: "routing.routed" as const,
    key: "",
    time: issuedAt,
  };
  const outcome = await compliance.handle(event, state, ports);
  state.apply(outcome.changes);
  return outcome;
}

async function refusal(change: Partial<Request>, ports = portsFor(), state?: MemoryState) {
  const outcome = await decide(await routed({ ...request, ...change }), state ?? (await ready()), ports);
  assert.ok(outcome.kind === "publish");
  assert.deepEqual(outcome.outputs, []);
  const [refused] = outcome.refusals;
  assert.ok(refused !== undefined);
  const [audit] = outcome.audit;
  assert.deepEqual([audit?.action, audit?.code], ["request.denied", refused.code]);
  assert.equal(audit?.details?.bundle, pinned);
  return { ...refused, reasons: audit.details.reasons };
}

async function planOf(question: Question, document: Collaboration = collaboration): Promise<Plan> {
  const outcome = await decide(await routed({ ...request, question }), await ready(), portsFor(document));
  assert.equal(outcome.outputs.length, 1);
  return (outcome.outputs[0]?.value as MatchQuestion).plan;
}

const total: Question["groupings"] = [{ by: "total" }];
const measure = (kind: "mean" | "sum", dataset: string, column: string) => ({
  kind,
  of: { dataset, column },
});
const namesIn = (plan: Plan): string[] => plan.statistics.map(({ name }) => name);

test("approves to every partition, with the plan pinned and the policy's hash and reasons on record", async () => {
  const question = await routed();
  const outcome = await decide(question, await ready());
  const [approved] = outcome.outputs;
  assert.deepEqual(
    [approved?.topic, approved?.key, approved?.partition],
    ["compliance.approved", request.id, "all"],
  );
  const { request: ref, document, plan } = approved?.value as MatchQuestion;
  assert.deepEqual([ref, document, plan.policyBundle], [question.request, question.document, pinned]);
  assert.deepEqual(plan.seed, firstSeed);
  const stateColumn = { kind: "category", lower: 0, upper: 2, nullable: false };
  assert.deepEqual(plan.datasets, [
    {
      provider: "north",
      dataset: "people",
      sequence: 5,
      head: "people-5",
      signature: "signed people-5",
      columns: [{ kind: "integer", lower: 16, upper: 116, nullable: true }, stateColumn],
    },
    {
      provider: "south",
      dataset: "visits",
      sequence: 2,
      head: "visits-2",
      signature: "signed visits-2",
      columns: [
        { kind: "integer", lower: 0, upper: 30, nullable: false },
        { kind: "flag", lower: 0, upper: 1, nullable: true },
      ],
    },
  ]);
  const { version, epoch, population, jurisdiction, epsilon, budgetTotal, budgetWindow, budgetWindowDays } =
    plan;
  assert.deepEqual([version, epoch, population, jurisdiction, epsilon], [3, 2, "adults", "AU", "1/2"]);
  assert.deepEqual([budgetTotal, budgetWindow, budgetWindowDays, plan.minimumGroup], ["4", "2", 30, 10]);
  assert.deepEqual([plan.home, plan.populationVersion, plan.carried], ["au-east", 1, []]);
  assert.equal(plan.populationDigest, digestOf(pays));
  assert.equal(plan.budgetDelta, "1/1000000000");
  assert.deepEqual(plan.budgetWindows, [{ days: 30, epsilon: "2", delta: "1/1000000000" }]);
  const [audit] = outcome.audit;
  assert.equal(audit?.action, "request.approved");
  assert.equal(audit.details?.bundle, pinned);
  assert.match(audit.details.reasons ?? "", /the collaboration allows the purpose/);
});

test("a mean of a nullable column takes valid and sum, above its lower bound", async () => {
  const plan = await planOf({ measures: [measure("mean", "people", "age")], groupings: total });
  const place = { dataset: "people", column: 0 };
  assert.deepEqual(plan.statistics, [
    { name: "count", kind: "count", dataset: null, column: null, lower: 0, sensitivity: 1 },
    { name: "valid(people.age)", kind: "valid", ...place, lower: 0, sensitivity: 1 },
    { name: "sum(people.age)", kind: "sum", ...place, lower: 16, sensitivity: 100 },
  ]);
});

test("asks for valid only where it is needed and is not the count", async () => {
  const names = async (...measures: Question["measures"]) =>
    namesIn(await planOf({ measures, groupings: total }));
  assert.deepEqual(await names(measure("sum", "people", "age")), [
    "count",
    "valid(people.age)",
    "sum(people.age)",
  ]);
  assert.deepEqual(await names(measure("mean", "visits", "stays")), ["count", "sum(visits.stays)"]);
  assert.deepEqual(await names(measure("sum", "visits", "urgent")), ["count", "sum(visits.urgent)"]);
  assert.deepEqual(await names(measure("mean", "visits", "urgent")), [
    "count",
    "valid(visits.urgent)",
    "sum(visits.urgent)",
  ]);
});

test("a flag counts at most one a person", async () => {
  const plan = await planOf({ measures: [measure("mean", "visits", "urgent")], groupings: total });
  assert.deepEqual(
    plan.statistics.map(({ sensitivity }) => sensitivity),
    [1, 1, 1],
  );
});

test("computes each statistic once, however often it is measured", async () => {
  const measures = [
    measure("mean", "people", "age"),
    measure("sum", "people", "age"),
    { kind: "count" as const },
  ];
  const plan = await planOf({ measures: [...measures, ...measures], groupings: total });
  assert.deepEqual(namesIn(plan), ["count", "valid(people.age)", "sum(people.age)"]);
});

test("groups by every declared category and other, or by nothing", async () => {
  const by = { dataset: "people", column: "state" };
  const plan = await planOf({ measures: [{ kind: "count" }], groupings: [{ by }, { by: "total" }] });
  assert.deepEqual(plan.groupings, [
    { name: "state", dataset: "people", column: 1, categories: ["nsw", "vic", "other"] },
    { name: "total", dataset: null, column: null, categories: [""] },
  ]);
});

test("refuses columns that are not declared or do not fit", async () => {
  const count = [{ kind: "count" as const }];
  const questions: Question[] = [
    { measures: [measure("mean", "people", "income")], groupings: total },
    { measures: [measure("mean", "visits", "age")], groupings: total },
    { measures: [measure("sum", "nobody", "age")], groupings: total },
    { measures: [measure("mean", "people", "state")], groupings: total },
    { measures: count, groupings: [{ by: { dataset: "people", column: "age" } }] },
    { measures: count, groupings: [{ by: { dataset: "visits", column: "urgent" } }] },
    { measures: count, groupings: [{ by: { dataset: "visits", column: "state" } }] },
  ];
  for (const question of questions) assert.equal((await refusal({ question })).code, "UNKNOWN_COLUMN");
});

test("groups by each name once: an answer names its groups by the column alone", async () => {
  const count = [{ kind: "count" as const }];
  const state = { by: { dataset: "people", column: "state" } };
  for (const groupings of [
    [state, state],
    [{ by: "total" as const }, { by: "total" as const }],
  ]) {
    const { code, detail } = await refusal({ question: { measures: count, groupings } });
    assert.equal(code, "UNKNOWN_COLUMN");
    assert.match(detail, /twice/);
  }
});

describe("squares and bins", () => {
  const [north, south] = collaboration.providers;
  assert.ok(north && south);
  const columns: Column[] = [
    ...north.columns,
    { name: "age-squares", kind: "squares", of: "age" },
    { name: "age-band", kind: "bins", of: "age", edges: [40, 65] },
  ];
  const derived = { ...collaboration, providers: [{ ...north, columns }, south] };
  const of = (column: string, dataset = "people") => ({ dataset, column });

  test("a variance takes the number of values, their sum and the sum of their squares", async () => {
    const plan = await planOf({ measures: [{ kind: "variance", of: of("age") }], groupings: total }, derived);
    const people = { dataset: "people", lower: 0, sensitivity: 1 };
    assert.deepEqual(plan.statistics.slice(1), [
      { ...people, name: "valid(people.age)", kind: "valid", column: 0 },
      { ...people, name: "sum(people.age)", kind: "sum", column: 0, lower: 16, sensitivity: 100 },
      { ...people, name: "squares(people.age)", kind: "squares", column: 2, sensitivity: 10_000 },
    ]);
  });

  test("bins are grouped by like a category", async () => {
    const groupings = [{ by: of("age-band") }];
    const plan = await planOf({ measures: [{ kind: "count" }], groupings }, derived);
    const categories = ["16 to 39", "40 to 64", "65 to 116", "absent"];
    assert.deepEqual(plan.groupings, [{ name: "age-band", dataset: "people", column: 3, categories }]);
  });

  test("nothing else is made of them: squares beside their own variance would be two names of one number", async () => {
    const refused: [Question, RegExp][] = [
      [{ measures: [{ kind: "sum", of: of("age-squares") }], groupings: total }, /only a variance uses/],
      [{ measures: [{ kind: "variance", of: of("age-squares") }], groupings: total }, /only a variance uses/],
      [{ measures: [{ kind: "mean", of: of("age-band") }], groupings: total }, /holds bins/],
      [{ measures: [{ kind: "variance", of: of("state") }], groupings: total }, /is a category/],
      [{ measures: [{ kind: "variance", of: of("stays", "visits") }], groupings: total }, /no squares/],
      [{ measures: [{ kind: "count" }], groupings: [{ by: of("age-squares") }] }, /not a category/],
    ];
    for (const [question, why] of refused) {
      const { code, detail } = await refusal({ question }, portsFor(derived));
      assert.equal(code, "UNKNOWN_COLUMN");
      assert.match(detail, why);
    }
  });
});

test("allows epsilon up to the collaboration's limit, compared exactly", async () => {
  const thirds = { ...collaboration, budget: { ...collaboration.budget, epsilonPerQuestion: "1/3" } };
  const asking = async (epsilon: string) =>
    (await decide(await routed({ ...request, epsilon }), await ready(), portsFor(thirds))).outputs.length;
  assert.equal(await asking("1/3"), 1);
  assert.equal(await asking("2/6"), 1);
  assert.equal((await refusal({ epsilon: "17/50" }, portsFor(thirds))).code, "EPSILON_OUT_OF_RANGE");
  assert.equal((await refusal({ epsilon: "2" })).code, "EPSILON_OUT_OF_RANGE");
});

test("refuses an epsilon that would make the ledger's fractions grow, and allows decimals", async () => {
  for (const epsilon of ["1/101", "2/202", "1/999999937", "1/2000001"]) {
    assert.equal((await refusal({ epsilon })).code, "EPSILON_OUT_OF_RANGE");
  }
  for (const epsilon of ["1/97", "1/100", "1/125", "999999/1000000"]) {
    assert.equal((await decide(await routed({ ...request, epsilon }), await ready())).outputs.length, 1);
  }
});

/** The example with an age of that span, and datasets of at most so many records. */
function spanning(span: number, records: number): Collaboration {
  const [north, south] = collaboration.providers;
  assert.ok(north && south);
  const [age, ...others] = north.columns;
  assert.ok(age?.kind === "integer");
  const limits = { records, changesPerDay: 1 };
  return {
    ...collaboration,
    providers: [
      { ...north, limits, columns: [{ ...age, upper: age.lower + span }, ...others] },
      { ...south, limits: { ...limits, records: records + 1 } },
    ],
  };
}

test("refuses an epsilon at which sums and noise could together leave 53 bits, and allows the next larger", async () => {
  // Count, valid and sum in two groupings: the sum's noise has scale span · 6 / ε.
  const span = 1_000_000_000;
  const records = 9_000_000;
  const room = BigInt(Number.MAX_SAFE_INTEGER) - BigInt(records) * BigInt(span);
  const fits = (under: bigint): boolean =>
    errorBound(fraction(BigInt(span) * 6n * under), WITHIN_WIDTH) < room;
  let under = 1n;
  while (fits(2n * under)) under *= 2n;
  for (let step = under / 2n; step > 0n; step /= 2n) if (fits(under + step)) under += step;
  assert.ok(under > 1n && under < 99n, "the example's limit is an epsilon that may be asked for");
  const ports = portsFor(spanning(span, records));
  const asked = async (denominator: bigint): Promise<Outcome> =>
    decide(await routed({ ...request, epsilon: `1/${String(denominator)}` }), await ready(), ports);
  assert.equal((await asked(under)).outputs.length, 1);
  const refused = await refusal({ epsilon: `1/${String(under + 1n)}` }, ports);
  assert.equal(refused.code, "EPSILON_OUT_OF_RANGE");
  assert.match(refused.detail, /no longer exact; it needs at least 29\/500,/);
});

test("refuses too wide a noise before it looks whether data is there", async () => {
  const wide = portsFor(spanning(1_000_000_000, 9_000_000));
  const refused = await refusal({ epsilon: "1/1000000" }, wide, new MemoryState());
  assert.equal(refused.code, "EPSILON_OUT_OF_RANGE");
});

test("refuses a question whose proofs no bundle holds, and a version that is no longer the latest", async () => {
  const [north, south] = collaboration.providers;
  assert.ok(north && south);
  const [age, state] = north.columns;
  assert.ok(age && state?.kind === "category");
  const domain = Array.from({ length: 64 }, (_, index) => `state ${String(index)}`);
  const columns = [age, { ...state, domain }, ...["b", "c"].map((name) => ({ ...state, name, domain }))];
  const wide = portsFor({ ...collaboration, providers: [{ ...north, columns }, south] });
  const measures = ["stays", "urgent"].map((column) => ({
    kind: "mean" as const,
    of: { dataset: "visits", column },
  }));
  const question = { ...request.question, measures: [...request.question.measures, ...measures] };
  assert.equal((await refusal({ question }, wide)).code, "QUESTION_TOO_LARGE");
  assert.equal((await decide(await routed(request), await ready(), wide)).outputs.length, 1);
  assert.equal((await refusal({ collaborationVersion: 2 })).code, "STALE_COLLABORATION");
});

test("pins the seed that routing found, whichever it is", async () => {
  const seed = seedRef(4);
  const asked = await routed({ ...request, seedCommitment: seed.commitment }, seed);
  const outcome = await decide(asked, await ready());
  assert.deepEqual((outcome.outputs[0]?.value as MatchQuestion).plan.seed, seed);
});

test("refuses while a dataset is missing, incomplete, or of another epoch", async () => {
  const only = new MemoryState();
  await note(headOf("people", 5), only);
  assert.equal((await refusal({}, portsFor(), only)).code, "DATASET_NOT_READY");
  await note(headOf("visits", 2, { epoch: 1 }), only);
  assert.equal((await refusal({}, portsFor(), only)).code, "DATASET_NOT_READY");
  const pushing = await ready();
  await note(headOf("visits", 3, { complete: false }), pushing);
  const { code, detail } = await refusal({}, portsFor(), pushing);
  assert.equal(code, "DATASET_NOT_READY");
  assert.match(detail, /dataset visits /);
});

test("pins the newest head, whatever older or repeated ones come after it", async () => {
  const state = await ready();
  await note(headOf("people", 4, { complete: false }), state);
  await note(headOf("people", 5, { head: "other" }), state);
  const outcome = await decide(await routed(), state);
  assert.equal((outcome.outputs[0]?.value as MatchQuestion).plan.datasets[0]?.head, "people-5");
});

test("denies what the policy denies, with its reasons, before it looks at columns", async () => {
  const question = { measures: [measure("mean", "people", "income")], groupings: total };
  const denied = await refusal({ purpose: "research", question });
  assert.equal(denied.code, "POLICY_DENIED");
  assert.equal(denied.reasons, "not so: the collaboration allows the purpose");
  assert.match(denied.detail, /not so: the collaboration allows the purpose/);
  assert.equal((await refusal({ legalBasis: "contract" })).code, "POLICY_DENIED");
  assert.equal((await refusal({ purpose: "direct-marketing" })).code, "POLICY_DENIED");
  assert.equal((await refusal({ tenant: "insurer" })).code, "POLICY_DENIED");
});

test("denies what would leave the jurisdiction or the home region", async () => {
  assert.equal((await refusal({}, { ...portsFor(), jurisdiction: "EU" })).code, "POLICY_DENIED");
  assert.equal((await refusal({}, { ...portsFor(), region: "au-west" })).code, "NOT_HOME_REGION");
  assert.equal((await refusal({ home: "au-west" })).code, "POLICY_DENIED");
});

test("refuses where the collaboration is gone", async () => {
  assert.equal(
    (await refusal({}, { ...portsFor(), collaborations: tableOf() })).code,
    "UNKNOWN_COLLABORATION",
  );
});

test("refuses what is over a revoked provider's data, and what a broker asked that was revoked since", async () => {
  const standing = new Standing();
  const ports = { ...portsFor(), standing };
  standing.addProvider({ provider: "south", admitted: false });
  assert.equal((await refusal({}, ports)).code, "PROVIDER_REVOKED");
  standing.addProvider({ provider: "south", admitted: true });
  standing.addBroker({ broker: "core", key: null, admitted: false });
  assert.equal((await refusal({}, ports)).code, "BROKER_REVOKED");
  standing.addBroker({ broker: "core", key: null, admitted: true });
  assert.equal((await decide(await routed(), await ready(), ports)).outputs.length, 1);
});

test("a replay decides the same", async () => {
  const state = await ready();
  const question = await routed();
  assert.deepEqual(await decide(question, state), await decide(question, state));
});
