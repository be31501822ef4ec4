/**
 * Questions that were answered before: the same question for the same tenant over the same data gets its stored answer,
 * at no cost. A second draw of noise would let the two be averaged.
 */
import { digestOf } from "../../crypto/jws/canonical.ts";
import { parseDocument } from "../../schemas/reading/validate.ts";
import type { Change, StateView } from "../../runtime/contract/stage.ts";
import type { ExactAggregate, Plan, ReleasedAggregate } from "../../schemas/avro/index.ts";

const ANSWERS = "answers";

/** The first answer to the same question, if there was one. */
export const firstAnswer = (exact: ExactAggregate, state: StateView): ReleasedAggregate | undefined =>
  state.get(ANSWERS, keyOf(exact)) as ReleasedAggregate | undefined;

/** Remembers a fresh answer, and forgets those over data that the collaboration has moved on from. */
export function noteAnswer(exact: ExactAggregate, released: ReleasedAggregate, state: StateView): Change[] {
  const changes: Change[] = [];
  for (const [key, value] of state.entries(ANSWERS, `${exact.plan.collaboration}/`)) {
    if (isBehind((value as ReleasedAggregate).plan, exact.plan))
      changes.push({ table: ANSWERS, key, value: undefined });
  }
  return [...changes, { table: ANSWERS, key: keyOf(exact), value: released }];
}

/**
 * Everything that was asked and planned, but for what makes each asking its own, id, nonce, times and seed, and for what its
 * population could pay: a new version of the budget is no new question.
 */
function keyOf({ document, plan }: ExactAggregate): string {
  const {
    id: _id,
    nonce: _nonce,
    issuedAt: _issuedAt,
    deadlineSeconds: _deadlineSeconds,
    seedCommitment: _seedCommitment,
    ...asked
  } = parseDocument("request", document);
  const {
    seed: _seed,
    populationVersion: _version,
    populationDigest: _digest,
    budgetTotal: _total,
    budgetDelta: _delta,
    budgetWindow: _window,
    budgetWindowDays: _days,
    budgetWindows: _windows,
    carried: _carried,
    ...planned
  } = plan;
  return `${plan.collaboration}/${digestOf({ asked, planned })}`;
}

/** Whether some dataset has moved on from a plan's heads: nothing can be asked as of them any more. */
function isBehind(plan: Plan, newer: Plan): boolean {
  if (plan.epoch !== newer.epoch) return plan.epoch < newer.epoch;
  return newer.datasets.some(({ dataset, sequence }) => {
    const before = plan.datasets.find((pinned) => pinned.dataset === dataset);
    return before !== undefined && before.sequence < sequence;
  });
}
