/**
 * The dp stage: pays for a release from the population's budget, noises it, suppresses small groups; or gives a repeated
 * question its stored answer; or lets a request expire. The ledger alone decides which of them happens to a request. See
 * README.md.
 */
import { compareFractions, parseFraction } from "../../crypto/fraction/fraction.ts";
import { seedCommitmentOf, seedFrom } from "../../crypto/groth16/seed.ts";
import { leafHash } from "../../crypto/merkle/merkle.ts";
import { originOf } from "../../domain/log/leaves.ts";
import { seedUnlessDestroyed } from "../../domain/log/seeds.ts";
import { scalesFor } from "../../domain/statistics/mechanism.ts";
import { withChanges } from "../../runtime/contract/changed-state.ts";
import {
  output,
  publish,
  refuse,
  reject,
  type Audit,
  type Outcome,
  type Stage,
} from "../../runtime/contract/stage.ts";
import type { Change, StateView } from "../../runtime/contract/state.ts";
import type {
  AnchoredLeaf,
  Cell,
  ExactAggregate,
  Plan,
  ReleasedAggregate,
  RequestRef,
} from "../../schemas/avro/index.ts";
import { SPENDS, type CarriedAccount } from "./earlier-ledger.ts";
import { anchored, exposable, expose, mayExpose, nothing } from "./exposure.ts";
import { hold, isHeld, isWaitedFor, letGo, takeFirst } from "./held.ts";
import { costless, hasPaid, pay, priceOf } from "./ledger.ts";
import { noiseFrom, type NoiseSource } from "./noise.ts";
import { inPlanOrder, noised } from "./release.ts";
import { ANSWERS, answeredData, DATA, firstAnswer, noteAnswer } from "./repeats.ts";
import {
  EXPIRED,
  forgetOld,
  isExpired,
  noteExpired,
  noteRelease,
  RELEASED,
  releaseOf,
} from "./request-memory.ts";
import { isShut, takeLogged, wasRestored, type RestorePorts } from "./restored.ts";
import { spendLeafOf } from "./spend-leaf.ts";
import { added, type Amounts } from "./windows.ts";

export interface DpPorts extends RestorePorts {
  readonly partitions: number;
  /** The seed of a number, 64 bytes; secret. HSM_KEY_MISSING where it was destroyed. */
  readonly seed: (id: number) => Promise<Uint8Array>;
}

export const dp: Stage<"ExactAggregate" | "Overdue" | "AnchoredLeaf", DpPorts> = {
  name: "dp",
  inputs: [
    { topic: "aggregate.sums", types: ["ExactAggregate"] },
    { topic: "dp.turns", types: ["ExactAggregate"] },
    { topic: "result.overdue", types: ["Overdue"], besideAnswer: true },
    { topic: "proofs.anchored", types: ["AnchoredLeaf"], besideAnswer: true },
  ],
  tables: [RELEASED, EXPIRED, ANSWERS, DATA, SPENDS],
  outputs: ["dp.turns", "dp.released", "dp.witnesses", "proofs.pending", "budget.states"],
  fills: (state) => [answeredData(state)],
  handle({ type, topic, value, time }, state, ports) {
    if (type === "Overdue") return overdue(value.request, state, ports);
    if (type === "AnchoredLeaf") return settle(value, state, time, ports);
    return topic === "dp.turns" ? goOn(value, state, time, ports) : take(value, state, time, ports);
  },
};

/** What a question is decided with. */
interface Deciding extends DpPorts {
  /** Whether others wait that come before it. */
  readonly isLast: boolean;
  /** What is forgotten with it: by the times of aggregates alone. */
  readonly upkeep: readonly Change[];
}

/** A fresh question goes behind those over the same population that wait. */
async function take(exact: ExactAggregate, state: StateView, time: number, ports: DpPorts): Promise<Outcome> {
  const { request, plan } = exact;
  if (isHeld(request.digest, state)) return publish({});
  const isLast = isWaitedFor(plan.population, state);
  const outcome = await decide(exact, state, time, { ...ports, isLast, upkeep: forgetOld(state, time) });
  if (outcome !== undefined) return outcome;
  const changes = hold(exact, "last", state);
  return changes === undefined
    ? tooExposed(request)
    : withTurns(publish({ changes }), plan.population, state, ports);
}

/** A question that waited: once more it may have to, where another was quicker. */
async function goOn(exact: ExactAggregate, state: StateView, time: number, ports: DpPorts): Promise<Outcome> {
  const outcome = await decide(exact, state, time, { ...ports, isLast: false, upkeep: [] });
  const settled = outcome ?? publish({ changes: hold(exact, "first", state) ?? [] });
  return withTurns(settled, exact.plan.population, state, ports);
}

/** What is anchored is exposed no longer: questions that waited for that go on. */
async function settle(leaf: AnchoredLeaf, state: StateView, time: number, ports: DpPorts): Promise<Outcome> {
  const hash = leafHash(Buffer.from(leaf.text, "utf8"));
  const over = anchored(hash, state);
  if (over === undefined) return takeLogged(leaf, hash, state, time, ports);
  return withTurns(publish({ changes: over.changes }), over.population, state, ports);
}

/** Whoever waits past the deadline waits no longer. */
function overdue(request: RequestRef, state: StateView, ports: DpPorts): Outcome {
  const held = letGo(request.digest, state);
  const outcome = expire(request, state, ports, held?.changes);
  return held === undefined ? outcome : withTurns(outcome, held.exact.plan.population, state, ports);
}

/**
 * With the turns of those that waited and may go on now. Each is an input of its own, so that what becomes of one is no matter of
 * the others, nor of whatever made room for them.
 */
function withTurns(outcome: Outcome, population: string, before: StateView, { exposed }: DpPorts): Outcome {
  const state = withChanges(before, outcome.changes);
  let coming = nothing;
  const { gone, changes } = takeFirst(population, state, (exact) => {
    // A repeat costs nothing.
    if (firstAnswer(exact, state) !== undefined) return true;
    const { plan } = exact;
    const asked = priceOf(plan);
    const goesOn = mayExpose(population, asked, exposable(plan, exposed), state, coming);
    if (goesOn) coming = added(coming, asked);
    return goesOn;
  });
  const turns = gone.map((exact) => output("dp.turns", "ExactAggregate", exact, { key: population }));
  return { ...outcome, outputs: [...outcome.outputs, ...turns], changes: [...outcome.changes, ...changes] };
}

/** What was decided before stands, whatever the time. Undefined where it has to wait for what is exposed. */
function decide(
  exact: ExactAggregate,
  state: StateView,
  time: number,
  ports: Deciding,
): Outcome | undefined | Promise<Outcome | undefined> {
  const { request } = exact;
  if (isExpired(request.digest, state)) {
    return publish({ audit: [{ tenant: request.tenant, action: "request.expired", request }] });
  }
  const paid = releaseOf(request.digest, state);
  if (paid !== undefined) return publish({ outputs: [outputOf(paid)], audit: [repeated(request)] });
  if (isForgotten(request.digest, state)) return putBack(request);
  if (request.deadline < time) return expire(request, state, ports, ports.upkeep);
  if (isShut(ports, state)) return putBack(request);
  const first = firstAnswer(exact, state);
  return first === undefined
    ? release(exact, state, time, ports)
    : repeat(exact, first, state, time, ports.upkeep);
}

/** Charged before the region was put back from a backup, as the log tells: its answer is not known here. */
const isForgotten = (digest: string, state: StateView): boolean =>
  wasRestored(state) && hasPaid(digest, state) && releaseOf(digest, state) === undefined;

/** Promises the asker that the request is never charged; says nothing where it was, for its answer is on the way. */
function expire(
  request: RequestRef,
  state: StateView,
  ports: DpPorts,
  upkeep: readonly Change[] = [],
): Outcome {
  const { digest } = request;
  if (isForgotten(digest, state)) return putBack(request, upkeep);
  const isAnswered = hasPaid(digest, state) || releaseOf(digest, state) !== undefined;
  if (isExpired(digest, state) || isAnswered) return publish({ changes: upkeep });
  // Upkeep first: it must not forget what is noted now.
  const changes = [...upkeep, noteExpired(request)];
  // Whether it was charged is not known before the log is whole.
  if (isShut(ports, state)) return putBack(request, changes);
  const detail = "The request was not answered before its deadline; nothing was charged.";
  return refuse({ request, code: "DEADLINE_PASSED", detail }, { changes });
}

/** The stored answer, under the new request's name; its evidence is the first one's. */
function repeat(
  exact: ExactAggregate,
  first: ReleasedAggregate,
  state: StateView,
  time: number,
  upkeep: readonly Change[],
): Outcome {
  const { request, document, plan } = exact;
  // The plan stays the first one's too: its seed, not this request's, is what the noise came from.
  const spend = costless(plan, first.spend, state, time);
  const released: ReleasedAggregate = { ...first, request, document, spend, repeats: first.request };
  return publish({
    outputs: [outputOf(released)],
    changes: [...upkeep, noteRelease(released)],
    audit: [{ ...repeated(request), details: { first: first.request.digest } }],
  });
}

async function release(
  exact: ExactAggregate,
  state: StateView,
  time: number,
  ports: Deciding,
): Promise<Outcome | undefined> {
  const { region, blinding, exposed, isLast, upkeep } = ports;
  const { request, document, plan, matchLeaf } = exact;
  const cells = inPlanOrder(exact);
  if (cells === undefined)
    return reject("INTERNAL_ERROR", "The aggregate does not have the cells of its plan.");
  const payment = pay(plan, request.digest, state, time);
  if (payment.outcome === "stale") return outdated(request, plan);
  if (payment.outcome === "exhausted") return unaffordable(request, payment.asked, payment.left);
  const { population, epsilon, delta } = payment.spend;
  const charge = { epsilon, delta };
  if (isLast || !mayExpose(population, charge, exposable(plan, exposed), state)) return undefined;
  const seed = await seedUnlessDestroyed(ports.seed, plan.seed.id);
  if (seed === undefined) return wasRestored(state) ? putBack(request) : seedless(request);
  const source = noiseUnder(seed, plan.seed.commitment);
  if (source === undefined)
    return reject("INTERNAL_ERROR", "The seed is not the one that its commitment names.");

  const { spend, previous, carried, changesWith, state: standing } = payment;
  const noisedCells = await noised(cells, request.digest, plan, source);
  const { leaf, hash } = await spendLeafOf(exact, { ...spend, previous, carried }, noisedCells, blinding);
  const scales = scalesFor(plan);
  const named = { request, document, plan, cells: noisedCells, scales, spend };
  const released: ReleasedAggregate = { ...named, matchLeaf, spendLeaf: hash, repeats: null };
  const { sequence, ...amounts } = spend;
  const details = { ...amounts, sequence: sequence.toString(), spendLeaf: hash };
  return publish({
    outputs: [
      output("proofs.pending", "LogLeaf", leaf, { key: originOf(region) }),
      outputOf(released),
      witnessOf(exact, cells, released),
      output("budget.states", "BudgetState", standing, { key: standing.population }),
    ],
    changes: [
      ...changesWith(hash),
      ...expose(population, hash, charge, state),
      ...noteAnswer(exact, released, state),
      ...upkeep,
      noteRelease(released),
    ],
    audit: [
      ...carriedOver(request, population, carried),
      { tenant: request.tenant, action: "budget.spent", request, details },
    ],
  });
}

/** Whether it was charged before the region was put back is not known: it is not charged again. */
function putBack(request: RequestRef, changes: readonly Change[] = []): Outcome {
  const detail = "The region was put back from a backup while the question was under way.";
  return refuse({ request, code: "REGION_RESTORED", detail }, { changes });
}

function tooExposed(request: RequestRef): Outcome {
  const detail =
    "As much of the population's budget as may be is spent and not anchored yet, and as many questions wait for that as may.";
  return refuse({ request, code: "BUDGET_UNANCHORED", detail });
}

function seedless(request: RequestRef): Outcome {
  const detail = "The seed that the request names was destroyed while the question was under way.";
  return refuse({ request, code: "STALE_SEED", detail });
}

/** What a population's first spend takes over of the accounts that its datasets had before it was a document. */
const carriedOver = (request: RequestRef, population: string, carried: readonly CarriedAccount[]): Audit[] =>
  carried.map(({ population: from, epsilon, delta }) => ({
    tenant: request.tenant,
    action: "budget.carried",
    request,
    details: { population, from, epsilon, delta },
  }));

/** Noise under the seed, given as its 64 bytes; undefined for another seed than the one committed to. */
function noiseUnder(bytes: Uint8Array, commitment: string): NoiseSource | undefined {
  const seed = seedFrom(bytes);
  if (hex64(seedCommitmentOf(seed)) !== commitment) return undefined;
  return noiseFrom(Buffer.from(hex64(seed), "hex"));
}

const hex64 = (value: bigint): string => value.toString(16).padStart(64, "0");

/** The plan is under another version of the population's document than the ledger has reached. */
function outdated(request: RequestRef, { population }: Plan): Outcome {
  const code = "STALE_POPULATION";
  const detail = `The question was planned under a version of the population ${population} that has been replaced since.`;
  const details = { population };
  return refuse(
    { request, code, detail },
    { audit: [{ tenant: request.tenant, action: "budget.refused", request, code, details }] },
  );
}

/** What was asked and what is left are public: neither depends on a record. */
function unaffordable(request: RequestRef, asked: Amounts, left: Amounts): Outcome {
  const code = "BUDGET_EXHAUSTED";
  const isOfEpsilon = compareFractions(parseFraction(asked.epsilon), parseFraction(left.epsilon)) > 0;
  const detail = isOfEpsilon
    ? `The question asks for epsilon ${asked.epsilon}; the population has ${left.epsilon} left.`
    : `The question takes a delta of ${rounded(asked.delta)}; the population has ${rounded(left.delta)} left.`;
  const details = { ...asked, left: left.epsilon, deltaLeft: left.delta };
  return refuse(
    { request, code, detail },
    { audit: [{ tenant: request.tenant, action: "budget.refused", request, code, details }] },
  );
}

/** For people: three digits of a fraction that has thirty. */
function rounded(text: string): string {
  const { numerator, denominator } = parseFraction(text);
  return (Number(numerator) / Number(denominator)).toPrecision(3);
}

const repeated = (request: RequestRef): Audit => ({
  tenant: request.tenant,
  action: "release.repeated",
  request,
});

const witnessOf = (
  { request, plan, matchLeaf }: ExactAggregate,
  exact: Cell[],
  { cells: released }: ReleasedAggregate,
) =>
  output(
    "dp.witnesses",
    "ReleaseWitness",
    { request, plan, exact, released, matchLeaf },
    { key: request.requestId },
  );

const outputOf = (released: ReleasedAggregate) =>
  output("dp.released", "ReleasedAggregate", released, { key: released.request.requestId });
