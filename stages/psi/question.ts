/**
 * What becomes of questions: answered as of exactly the heads they pin, held until those are reached, or refused. Decisions are
 * kept for a while, so that a question that comes twice is decided once.
 */
import type { BlindingSource } from "../../domain/log/blinding.ts";
import { PavilionError } from "../../errors/errors.ts";
import { output, type Audit, type Output, type RefusedRequest } from "../../runtime/contract/stage.ts";
import type { MatchQuestion, RequestRef } from "../../schemas/avro/index.ts";
import { Table, type Change, type StateView } from "../../runtime/contract/state.ts";
import { compareHeads, type Head } from "./heads.ts";
import type { DatasetRecords } from "./match.ts";
import { matchIn, type KnownMatch } from "./matches.ts";
import { listOf } from "./preimage.ts";
import { EPOCHS, HEADS, placeOf, recordsOf } from "./records.ts";

/** How long a decision is remembered after the deadline; nothing is replayed later than that. */
const REMEMBERED_MS = 3_600_000;

/** Open questions by request digest, ranked by their deadlines. */
export const HELD = new Table<MatchQuestion>("held", ({ request }) => request.deadline);
/** The deadlines of those answered or refused, by digest, ranked by when they are forgotten. */
export const DECIDED = new Table<number>("decided", (deadline) => deadline + REMEMBERED_MS);
/** So many questions are held at most: routing lets fewer be under way at once. */
const HELD_MAX = 5_000;

export interface Place {
  /** This partition, from 0, and how many there are. */
  readonly partition: number;
  readonly partitions: number;
  readonly blinding: BlindingSource;
}

export interface Decisions {
  readonly outputs: Output[];
  readonly changes: Change[];
  readonly refusals: RefusedRequest[];
  readonly audit: Audit[];
}

/** Every held question whose deadline lies before a time, in the order of their digests. */
export const heldQuestions = (state: StateView, before = Infinity): MatchQuestion[] =>
  HELD.ranked(state, { below: before, limit: HELD_MAX })
    .sort((a, b) => (a.key < b.key ? -1 : 1))
    .map(({ value }) => value);

/** Decides each question that is open against the state, at the broker's time in milliseconds. */
export async function decide(
  questions: readonly MatchQuestion[],
  state: StateView,
  time: number,
  at: Place,
): Promise<Decisions> {
  const decisions: Decisions = { outputs: [], changes: [], refusals: [], audit: [] };
  for (const question of questions) {
    const { request } = question;
    if (DECIDED.get(state, request.digest) !== undefined) continue;
    const decision = await decideOne(question, state, time, at);
    if (decision === "hold") {
      if (HELD.get(state, request.digest) === undefined)
        decisions.changes.push(HELD.put(request.digest, question));
      continue;
    }
    if ("code" in decision) decisions.refusals.push(decision);
    else {
      decisions.outputs.push(...decision);
      decisions.audit.push(matched(request, at));
    }
    decisions.changes.push(HELD.remove(request.digest), DECIDED.put(request.digest, request.deadline));
  }
  return decisions;
}

/** That this partition has answered; how many it matched is nobody's to know. */
function matched(request: RequestRef, { partition, partitions }: Place): Audit {
  const details = { partition: String(partition), partitions: String(partitions) };
  return { tenant: request.tenant, action: "request.matched", request, details };
}

function decideOne(
  question: MatchQuestion,
  state: StateView,
  time: number,
  at: Place,
): "hold" | RefusedRequest | Promise<RefusedRequest | Output[]> {
  const { request, plan } = question;
  if (time > request.deadline) {
    return {
      request,
      code: "DEADLINE_PASSED",
      detail: "The data that the question names had not all arrived by the deadline.",
    };
  }
  const place = placeOf(plan.collaboration, plan.epoch);
  const epoch = EPOCHS.get(state, plan.collaboration);
  const headOf = (dataset: string): Head | undefined => HEADS.get(state, place + dataset);
  const heads = epoch !== undefined && epoch > plan.epoch ? "beyond" : compareHeads(plan.datasets, headOf);
  if (heads === "behind") return "hold";
  if (heads === "beyond") {
    return {
      request,
      code: "STALE_HEAD",
      detail: "A dataset has changed since the head that the question names.",
    };
  }
  const records = plan.datasets.map(({ dataset }) =>
    recordsOf(state, plan, dataset, headOf(dataset)?.records ?? 0),
  );
  return answer(question, state, records, at);
}

async function answer(
  { request, document, plan }: MatchQuestion,
  state: StateView,
  records: readonly DatasetRecords[],
  { partition, partitions, blinding }: Place,
): Promise<RefusedRequest | Output[]> {
  let found: KnownMatch;
  try {
    found = matchIn(state, plan, records);
  } catch (error) {
    // The input may be a slice that is in order: the question ends, not the slice.
    if (!(error instanceof PavilionError)) throw error;
    return { request, code: error.code, detail: error.message };
  }
  const bound = Math.min(...records.map(({ count }) => count));
  const at = { digest: request.digest, partition };
  const { parts, digest } = await listOf(found.lists, plan, bound, at, blinding);
  const cells = [...found.cells];
  const partial = { request, document, plan, partition, partitions, cells, preimage: digest };
  const to = { key: request.requestId };
  return [
    output("psi.partials", "PartialAggregate", partial, to),
    ...parts.map((text, index) => {
      const part = `partition-${String(partition)}-${String(index)}`;
      return output("match.preimages", "MatchPreimage", { request, part, text }, to);
    }),
  ];
}
