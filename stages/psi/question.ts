/**
 * What becomes of questions: answered as of exactly the heads they pin, held until those are reached, or refused.
 * `held`: open questions by request digest; `decided`: the deadlines of those answered or refused, kept for a while so
 * that a question that comes twice is decided once.
 */
import type { BlindingSource } from "../../domain/log/blinding.ts";
import { PavilionError } from "../../errors/errors.ts";
import {
  output,
  type Audit,
  type Change,
  type Output,
  type RefusedRequest,
  type StateView,
} from "../../runtime/contract/stage.ts";
import type { MatchQuestion, RequestRef } from "../../schemas/avro/index.ts";
import { compareHeads, type Head } from "./heads.ts";
import { match, type DatasetRecords, type Match } from "./match.ts";
import { listOf } from "./preimage.ts";
import { placeOf, recordsOf } from "./records.ts";

/** How long a decision is remembered after the deadline; nothing is replayed later than that. */
const REMEMBERED_MS = 3_600_000;

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

/** Every held question, in the order of their digests, whatever order the state lists them in. */
export function heldQuestions(state: StateView): MatchQuestion[] {
  return [...state.entries("held")]
    .sort(([a], [b]) => (a < b ? -1 : 1))
    .map(([, question]) => question as MatchQuestion);
}

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
    if (state.get("decided", request.digest) !== undefined) continue;
    const decision = await decideOne(question, state, time, at);
    if (decision === "hold") {
      if (state.get("held", request.digest) === undefined) {
        decisions.changes.push({ table: "held", key: request.digest, value: question });
      }
      continue;
    }
    if ("code" in decision) decisions.refusals.push(decision);
    else {
      decisions.outputs.push(...decision);
      decisions.audit.push(matched(request, at));
    }
    decisions.changes.push(
      { table: "held", key: request.digest, value: undefined },
      { table: "decided", key: request.digest, value: request.deadline },
    );
  }
  return decisions;
}

/** That this partition has answered; how many it matched is nobody's to know. */
function matched(request: RequestRef, { partition, partitions }: Place): Audit {
  const details = { partition: String(partition), partitions: String(partitions) };
  return { tenant: request.tenant, action: "request.matched", request, details };
}

/** Drops the decisions that need no longer be remembered. */
export function forgetDecided(state: StateView, time: number): Change[] {
  return [...state.entries("decided")]
    .filter(([, deadline]) => (deadline as number) + REMEMBERED_MS < time)
    .map(([key]) => ({ table: "decided", key, value: undefined }));
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
  const epoch = state.get("epochs", plan.collaboration) as number | undefined;
  const headOf = (dataset: string): Head | undefined =>
    state.get("heads", place + dataset) as Head | undefined;
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
  return answer(question, records, at);
}

async function answer(
  { request, document, plan }: MatchQuestion,
  records: readonly DatasetRecords[],
  { partition, partitions, blinding }: Place,
): Promise<RefusedRequest | Output[]> {
  let found: Match;
  try {
    found = match(records, plan);
  } catch (error) {
    // The input may be a slice that is in order: the question ends, not the slice.
    if (!(error instanceof PavilionError)) throw error;
    return { request, code: error.code, detail: error.message };
  }
  const bound = Math.min(...records.map(({ count }) => count));
  const at = { digest: request.digest, partition };
  const { parts, digest } = await listOf(found.people, plan, bound, at, blinding);
  const { cells } = found;
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
