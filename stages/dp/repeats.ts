/**
 * Questions that were answered before: the same question for the same tenant over the same data gets its stored answer,
 * at no cost. A second draw of noise would let the two be averaged.
 */
import { digestOf } from "../../crypto/jws/canonical.ts";
import { parseDocument } from "../../schemas/reading/validate.ts";
import type { Fill } from "../../runtime/contract/stage.ts";
import { rankOfText, Table, type Change, type StateView } from "../../runtime/contract/state.ts";
import type { ExactAggregate, Plan, ReleasedAggregate } from "../../schemas/avro/index.ts";

/** By `<collaboration>/<digest of the question>`, ranked by the data that was asked. */
export const ANSWERS = new Table<ReleasedAggregate>("answers", ({ plan }) => rankOfData(plan));
/** By collaboration: the data that answers are kept of, the oldest first. Ranked by how many they are, the most first. */
export const DATA = new Table<readonly Data[]>("answered-data", ({ length }) => -length);

/** As of which heads something was asked. */
type Data = Pick<Plan, "collaboration" | "epoch" | "datasets">;

/** So many answers over old data are forgotten with a fresh one, which is one more. */
const FORGOTTEN_MAX = 200;
/** Of so many different data answers are kept. */
const DATA_MAX = 100;
/** So many answers of an earlier version are looked through, once. */
const EARLIER_MAX = 1_000;

/** Of how many different data of a collaboration answers are kept, at the most. */
export function answeredData(state: StateView): Fill {
  const [most] = DATA.ranked(state, { limit: 1 });
  return { of: "data of one collaboration with answers", held: most?.value.length ?? 0, most: DATA_MAX };
}

/** The first answer to the same question, if there was one. */
export const firstAnswer = (exact: ExactAggregate, state: StateView): ReleasedAggregate | undefined =>
  ANSWERS.get(state, keyOf(exact));

/** Remembers a fresh answer, and forgets those over data that the collaboration has moved on from. */
export function noteAnswer(exact: ExactAggregate, released: ReleasedAggregate, state: StateView): Change[] {
  const { collaboration, epoch, datasets } = exact.plan;
  const known = DATA.get(state, collaboration) ?? earlierData(collaboration, state);
  const behind =
    known.find((data) => isBehind(data, exact.plan)) ?? (known.length > DATA_MAX ? known[0] : undefined);
  const over = behind === undefined ? [] : forgetAnswers(behind, state);
  const left =
    behind !== undefined && over.length < FORGOTTEN_MAX ? known.filter((data) => data !== behind) : known;
  const rank = rankOfData(exact.plan);
  const isKnown = left.some((data) => rankOfData(data) === rank);
  return [
    ...over,
    ...(isKnown && left === known && DATA.get(state, collaboration) !== undefined
      ? []
      : [DATA.put(collaboration, isKnown ? left : [...left, { collaboration, epoch, datasets }])]),
    ANSWERS.put(keyOf(exact), released),
  ];
}

/** The data of answers that an earlier version kept, which did not say of which. */
function earlierData(collaboration: string, state: StateView): readonly Data[] {
  const byRank = new Map(
    ANSWERS.ranked(state, { limit: EARLIER_MAX })
      .filter(({ value }) => value.plan.collaboration === collaboration)
      .map(({ rank, value: { plan } }) => [
        rank,
        { collaboration, epoch: plan.epoch, datasets: plan.datasets },
      ]),
  );
  return [...byRank.values()];
}

function forgetAnswers(data: Data, state: StateView): Change[] {
  const from = rankOfData(data);
  return ANSWERS.ranked(state, { from, below: from + 1, limit: FORGOTTEN_MAX }).map(({ key }) =>
    ANSWERS.remove(key),
  );
}

function rankOfData({ collaboration, epoch, datasets }: Data): number {
  const heads = datasets.map(({ dataset, sequence }) => [dataset, sequence]);
  return rankOfText(JSON.stringify([collaboration, epoch, heads]));
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
function isBehind(plan: Data, newer: Data): boolean {
  if (plan.epoch !== newer.epoch) return plan.epoch < newer.epoch;
  return newer.datasets.some(({ dataset, sequence }) => {
    const before = plan.datasets.find((pinned) => pinned.dataset === dataset);
    return before !== undefined && before.sequence < sequence;
  });
}
