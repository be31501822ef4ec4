/**
 * The dp stage: pays for a release from the population's budget, noises it, suppresses small groups; or lets a request
 * expire. The ledger alone decides which of the two happens to a request. See README.md.
 */
import {
  output,
  publish,
  refuse,
  reject,
  type Change,
  type Outcome,
  type Stage,
  type StateView,
} from "../../runtime/stage.ts";
import type { ExactAggregate, ReleasedAggregate, RequestRef } from "../../schemas/avro/index.ts";
import { hasPaid, pay } from "./ledger.ts";
import type { NoiseSource } from "./noise.ts";
import { inPlanOrder, noised, scalesFor } from "./release.ts";
import { forgetOld, isExpired, noteExpired, noteRelease, releaseOf } from "./request-memory.ts";

export interface DpPorts {
  readonly region: string;
  readonly partitions: number;
  /** HMAC-SHA-256 under the region's unextractable noise key; 32 bytes. */
  readonly noise: NoiseSource;
}

export const dp: Stage<"ExactAggregate" | "Overdue", DpPorts> = {
  name: "dp",
  inputs: [
    { topic: "aggregate.sums", types: ["ExactAggregate"] },
    { topic: "result.overdue", types: ["Overdue"] },
  ],
  outputs: ["dp.released"],
  handle({ type, value, time }, state, { noise }) {
    return type === "Overdue" ? expire(value.request, state) : decide(value, state, time, noise);
  },
};

/** What was decided before stands, whatever the time. */
function decide(
  exact: ExactAggregate,
  state: StateView,
  time: number,
  noise: NoiseSource,
): Outcome | Promise<Outcome> {
  const { request } = exact;
  if (isExpired(request.digest, state)) {
    return publish({ audit: [{ tenant: request.tenant, action: "request.expired", request }] });
  }
  const paid = releaseOf(request.digest, state);
  if (paid !== undefined) {
    return publish({
      outputs: [outputOf(paid)],
      audit: [{ tenant: request.tenant, action: "release.repeated", request }],
    });
  }
  if (request.deadline < time) return expire(request, state, forgetOld(state, time));
  return release(exact, state, time, noise);
}

/** Promises the asker that the request is never charged; says nothing where it was, for its answer is on the way. */
function expire(request: RequestRef, state: StateView, upkeep: readonly Change[] = []): Outcome {
  if (isExpired(request.digest, state) || hasPaid(request.digest, state)) return publish({ changes: upkeep });
  const detail = "The request was not answered before its deadline; nothing was charged.";
  // Upkeep first: it must not forget what is noted now.
  const changes = [...upkeep, noteExpired(request)];
  return refuse({ request, code: "DEADLINE_PASSED", detail }, { changes });
}

async function release(
  exact: ExactAggregate,
  state: StateView,
  time: number,
  noise: NoiseSource,
): Promise<Outcome> {
  const { request, document, plan } = exact;
  const cells = inPlanOrder(exact);
  if (cells === undefined)
    return reject("INTERNAL_ERROR", "The aggregate does not have the cells of its plan.");
  const payment = pay(plan, request.digest, state, time);
  if (!payment.granted) return unaffordable(request, plan.epsilon, payment.left);

  const { spend, changes } = payment;
  const later = { seedCommitment: null, commitment: null, proof: null, evidence: null };
  const scales = scalesFor(plan);
  const released: ReleasedAggregate = {
    request,
    document,
    plan,
    cells: await noised(cells, request.digest, plan, noise),
    scales,
    spend,
    ...later,
  };
  const { sequence, ...amounts } = spend;
  const details = { ...amounts, sequence: sequence.toString() };
  return publish({
    outputs: [outputOf(released)],
    changes: [...changes, ...forgetOld(state, time), noteRelease(released)],
    audit: [{ tenant: request.tenant, action: "budget.spent", request, details }],
  });
}

/** What was asked and what is left are public: neither depends on a record. */
function unaffordable(request: RequestRef, asked: string, left: string): Outcome {
  const code = "BUDGET_EXHAUSTED";
  const detail = `The question asks for epsilon ${asked}; the population has ${left} left.`;
  const details = { epsilon: asked, left };
  return refuse(
    { request, code, detail },
    { audit: [{ tenant: request.tenant, action: "budget.refused", request, code, details }] },
  );
}

const outputOf = (released: ReleasedAggregate) =>
  output("dp.released", "ReleasedAggregate", released, { key: released.request.requestId });
