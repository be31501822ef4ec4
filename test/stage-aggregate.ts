/**
 * An aggregate for the dp stage's tests, and the stage over a state in memory, with real seeds and a real HMAC.
 */
import assert from "node:assert/strict";
import { coordinateOf, layoutOf, positionOf } from "../domain/statistics/coordinates.ts";
import { publish, type Outcome, type Output } from "../runtime/contract/stage.ts";
import type {
  AnchoredLeaf,
  Cell,
  ExactAggregate,
  LogLeaf,
  Plan,
  ReleasedAggregate,
  RequestRef,
  Spend,
} from "../schemas/avro/index.ts";
import type { Request } from "../schemas/json/request.ts";
import { dp, type DpPorts } from "../stages/dp/stage.ts";
import { pinnedDatasets, planTerms } from "./stage-plan.ts";
import { issuedAt, request, routed } from "./stage-question.ts";
import { originOf } from "../domain/log/leaves.ts";
import { blinding, seedBytes } from "../domain/log/testing/seeds.ts";
import type { MemoryState } from "./stage-state.ts";

export const DAY_MS = 24 * 3_600_000;

export const ports: DpPorts = {
  region: "au-east",
  partitions: 4,
  seed: (id) => Promise.resolve(seedBytes(id)),
  blinding,
  // No test of anything else has questions wait for anchors.
  exposed: "1",
  restore: () => undefined,
  homes: () => [],
};
export const matchLeaf = "33".repeat(32);

export const plan: Plan = {
  ...planTerms,
  datasets: pinnedDatasets,
  statistics: [
    { name: "count", kind: "count", dataset: null, column: null, lower: 0, sensitivity: 1 },
    { name: "sum(people.age)", kind: "sum", dataset: "people", column: 0, lower: 16, sensitivity: 100 },
  ],
  groupings: [
    { name: "total", dataset: null, column: null, categories: [""] },
    { name: "state", dataset: "people", column: 1, categories: ["nsw", "vic", "other"] },
  ],
};

/**
 * A group's exact sums, people in each state: so many years above the bound, and for every person an age, three stays
 * and an urgent one.
 */
export function cellOf(
  grouping: number,
  category: number,
  states: readonly [number, number, number],
  years: number,
): Cell {
  const people = states.reduce((sum, state) => sum + state, 0);
  const sums = [people, years, people, ...states, people, 3 * people, people, people];
  return { grouping, category, sums, blinding: Buffer.alloc(32, 1 + grouping + category) };
}

export const cells = [
  cellOf(0, 0, [500_000, 399_999, 1], 31_000_000),
  cellOf(1, 0, [500_000, 0, 0], 20_000_000),
  cellOf(1, 1, [0, 399_999, 0], 10_999_990),
  cellOf(1, 2, [0, 0, 1], 10),
];

/** The same groups with nobody in them. */
export const emptyCells = cells.map((cell) => ({ ...cell, sums: cell.sums.map(() => 0) }));

/**
 * Different numbers are different questions, and different askings of one are requests that differ in id, nonce, times
 * and, where the plan says so, seed.
 */
export async function aggregate(
  number = 0,
  change: Partial<Plan> = {},
  { asking = 0, document = {} }: { asking?: number; document?: Partial<Request> } = {},
): Promise<ExactAggregate> {
  const { seed } = { ...plan, ...change };
  const asked: Request = {
    ...request,
    id: `6f1d4a52-0d0e-4b0f-9a51-${(asking + 1).toString(16).padStart(12, "0")}`,
    nonce: asking.toString(16).padStart(32, "0"),
    issuedAt: new Date(issuedAt + asking).toISOString(),
    deadlineSeconds: request.deadlineSeconds + asking,
    purpose: `purpose-${String(number)}`,
    seedCommitment: seed.commitment,
    ...document,
  };
  const { request: ref, document: text } = await routed(asked, seed);
  return { request: ref, document: text, plan: { ...plan, ...change }, cells, matchLeaf };
}

export async function handle(
  value: ExactAggregate,
  state: MemoryState,
  time = issuedAt,
  changed: Partial<DpPorts> = {},
): Promise<Outcome> {
  const topic = "aggregate.sums" as const;
  const event = { type: "ExactAggregate" as const, value, topic, key: value.plan.jurisdiction, time };
  const outcome = await dp.handle(event, state, { ...ports, ...changed });
  state.apply(outcome.changes);
  return outcome;
}

/** The result stage's word that the request is overdue. */
export async function handleOverdue(
  request: RequestRef,
  state: MemoryState,
  time = request.deadline + 2000,
  changed: Partial<DpPorts> = {},
): Promise<Outcome> {
  const topic = "result.overdue" as const;
  const event = { type: "Overdue" as const, value: { request }, topic, key: request.requestId, time };
  const outcome = await dp.handle(event, state, { ...ports, ...changed });
  state.apply(outcome.changes);
  return played(outcome, state, time, changed);
}

/** With what comes of the turns that the stage gives to questions that waited, in one outcome. */
async function played(
  outcome: Outcome,
  state: MemoryState,
  time: number,
  changed: Partial<DpPorts>,
): Promise<Outcome> {
  let told = outcome;
  for (const { topic, value } of outcome.outputs) {
    if (topic !== "dp.turns") continue;
    const turn = { type: "ExactAggregate" as const, value: value as ExactAggregate, topic, key: "", time };
    const next = await dp.handle(turn, state, { ...ports, ...changed });
    state.apply(next.changes);
    const then = await played(next, state, time, changed);
    assert.ok(told.kind === "publish" && then.kind === "publish");
    told = publish({ outputs: [...told.outputs, ...then.outputs], audit: [...told.audit, ...then.audit] }, [
      ...told.refusals,
      ...then.refusals,
    ]);
  }
  return told;
}

/** The log's word that a leaf is anchored. */
export async function handleAnchored(
  { kind, text }: Pick<LogLeaf, "kind" | "text">,
  state: MemoryState,
  time = issuedAt,
  changed: Partial<DpPorts> = {},
): Promise<Outcome> {
  const topic = "proofs.anchored" as const;
  const value: AnchoredLeaf = {
    ...{ log: originOf("au-east"), index: 0, kind, requestDigest: null, text, size: 1, root: "", proof: [] },
    ...{ checkpoint: "", chainId: 1, contract: "", anchorer: "", transaction: "", block: 1 },
  };
  const event = { type: "AnchoredLeaf" as const, value, topic, key: value.log, time };
  const outcome = await dp.handle(event, state, { ...ports, ...changed });
  state.apply(outcome.changes);
  return played(outcome, state, time, changed);
}

export const outputsOf = ({ outputs }: Outcome, topic: Output["topic"]): Output["value"][] =>
  outputs.filter((output) => output.topic === topic).map(({ value }) => value);

export function releasedIn(outcome: Outcome): ReleasedAggregate {
  const released = outputsOf(outcome, "dp.released");
  assert.equal(released.length, 1);
  return released[0] as ReleasedAggregate;
}

/** Later than any question's own time limit, so that only the budget decides. */
export async function spend(
  number: number,
  change: Partial<Plan>,
  state: MemoryState,
  time = issuedAt,
): Promise<Spend | string> {
  const exact = await aggregate(number, change);
  const outcome = await handle({ ...exact, request: { ...exact.request, deadline: time } }, state, time);
  assert.ok(outcome.kind === "publish");
  const [refusal] = outcome.refusals;
  return refusal === undefined ? releasedIn(outcome).spend : refusal.code;
}

/** The exact statistics of a group. */
export function statisticsIn({ sums }: Cell, of: Plan = plan): number[] {
  const layout = layoutOf(of);
  return of.statistics.map(
    (statistic) => sums[positionOf(coordinateOf(statistic, of), layout)] ?? Number.NaN,
  );
}

/** What was added to every statistic that left, group by group. */
export const noisesIn = (released: ReleasedAggregate, exact: readonly Cell[] = cells): number[] =>
  released.cells.flatMap(({ values }, index) => {
    const cell = exact[index];
    assert.ok(cell);
    const statistics = statisticsIn(cell, released.plan);
    return values.map((value, at) => value - (statistics[at] ?? Number.NaN));
  });
