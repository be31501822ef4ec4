/**
 * An aggregate for the dp stage's tests, and the stage over a state in memory under a real HMAC.
 */
import assert from "node:assert/strict";
import { createHmac } from "node:crypto";
import type { Outcome } from "../runtime/stage.ts";
import type { ExactAggregate, Plan, ReleasedAggregate, RequestRef, Spend } from "../schemas/avro/index.ts";
import type { Request } from "../schemas/json/request.ts";
import { pinnedDatasets, planTerms } from "./stage-plan.ts";
import { issuedAt, request, routed } from "./stage-question.ts";
import type { MemoryState } from "./stage-state.ts";
import { dp } from "../stages/dp/stage.ts";

export const DAY_MS = 24 * 3_600_000;

const noise = (message: Uint8Array): Promise<Uint8Array> =>
  Promise.resolve(createHmac("sha256", "a key for tests").update(message).digest());
export const ports = { region: "au-east", partitions: 4, noise };

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

export const cells = [
  { grouping: 0, category: 0, values: [900_000, 31_000_000] },
  { grouping: 1, category: 0, values: [500_000, 20_000_000] },
  { grouping: 1, category: 1, values: [399_999, 10_999_990] },
  { grouping: 1, category: 2, values: [1, 10] },
];

/** Requests that differ in their nonce, so in their digest. */
export async function aggregate(nonce = 0, change: Partial<Plan> = {}): Promise<ExactAggregate> {
  const document: Request = { ...request, nonce: nonce.toString(16).padStart(32, "0") };
  const { request: ref, document: text } = await routed(document);
  return { request: ref, document: text, plan: { ...plan, ...change }, cells };
}

export async function handle(value: ExactAggregate, state: MemoryState, time = issuedAt): Promise<Outcome> {
  const topic = "aggregate.sums" as const;
  const event = { type: "ExactAggregate" as const, value, topic, key: value.plan.jurisdiction, time };
  const outcome = await dp.handle(event, state, ports);
  state.apply(outcome.changes);
  return outcome;
}

/** The result stage's word that the request is overdue. */
export async function handleOverdue(
  request: RequestRef,
  state: MemoryState,
  time = request.deadline + 2000,
): Promise<Outcome> {
  const topic = "result.overdue" as const;
  const event = { type: "Overdue" as const, value: { request }, topic, key: request.requestId, time };
  const outcome = await dp.handle(event, state, ports);
  state.apply(outcome.changes);
  return outcome;
}

export function releasedIn(outcome: Outcome): ReleasedAggregate {
  assert.equal(outcome.outputs.length, 1);
  return outcome.outputs[0]?.value as ReleasedAggregate;
}

/** Later than any question's own time limit, so that only the budget decides. */
export async function spend(
  nonce: number,
  change: Partial<Plan>,
  state: MemoryState,
  time = issuedAt,
): Promise<Spend | string> {
  const exact = await aggregate(nonce, change);
  const outcome = await handle({ ...exact, request: { ...exact.request, deadline: time } }, state, time);
  assert.ok(outcome.kind === "publish");
  const [refusal] = outcome.refusals;
  return refusal === undefined ? releasedIn(outcome).spend : refusal.code;
}

export const noisesIn = (released: ReleasedAggregate): number[] =>
  released.cells.flatMap(({ values }, index) =>
    values.map((value, at) => value - (cells[index]?.values[at] ?? 0)),
  );
