/**
 * The dp stage: pays for a release from the population's budget, noises it, suppresses small groups. See README.md.
 */
import {
  output,
  publish,
  refuse,
  reject,
  type Outcome,
  type Stage,
  type StateView,
} from "../../runtime/stage.ts";
import type { ExactAggregate, ReleasedAggregate, RequestRef } from "../../schemas/avro/index.ts";
import { pay } from "./ledger.ts";
import type { NoiseSource } from "./noise.ts";
import { inPlanOrder, noised, scalesFor } from "./release.ts";
import { noteRelease, releaseOf } from "./released.ts";

export interface DpPorts {
  readonly region: string;
  readonly partitions: number;
  /** HMAC-SHA-256 under the region's unextractable noise key; 32 bytes. */
  readonly noise: NoiseSource;
}

export const dp: Stage<"ExactAggregate", DpPorts> = {
  name: "dp",
  inputs: [{ topic: "aggregate.sums", types: ["ExactAggregate"] }],
  outputs: ["dp.released"],
  async handle({ value, time }, state, { noise }) {
    const { request } = value;
    if (request.deadline < time) {
      const detail = "The aggregate was ready only after the deadline; nothing was spent.";
      return refuse({ request, code: "DEADLINE_PASSED", detail });
    }
    const paid = releaseOf(request.digest, state);
    if (paid === undefined) return release(value, state, time, noise);
    return publish({
      outputs: [outputOf(paid)],
      audit: [{ tenant: request.tenant, action: "release.repeated", request }],
    });
  },
};

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
    changes: [...changes, ...noteRelease(released, state, time)],
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
