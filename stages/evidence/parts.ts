/**
 * What has come of a request's evidence so far. Parts come in no particular order; a request that was refused, or that
 * repeats another's answer, gets no bundle, and its parts are forgotten.
 */
import type { Change, StateView } from "../../runtime/stage.ts";
import type { Plan, RequestRef } from "../../schemas/avro/index.ts";

const PARTS = "parts";
const DONE = "done";
/** A request ends in an answer, however late, or in a refusal, which ends its parts; this is for what did neither. */
const KEEP_UNANSWERED_MS = 90 * 24 * 3_600_000;
/** How long it is remembered that a bundle left. */
const KEEP_DONE_MS = 7 * 24 * 3_600_000;

export interface Parts {
  readonly request?: RequestRef;
  readonly document?: string;
  readonly signature?: string;
  readonly plan?: Plan;
  /** Members `release` and `log` of the bundle, canonical JSON. */
  readonly release?: string;
  readonly log?: string;
  readonly credential?: string;
}

/** The parts with one more of them; undefined where the request's bundle has left, or it gets none. */
export function withPart(request: RequestRef, part: Parts, state: StateView): Parts | undefined {
  if (state.get(DONE, request.digest) !== undefined) return undefined;
  return { ...(state.get(PARTS, request.digest) as Parts | undefined), request, ...part };
}

export const keepParts = ({ digest }: RequestRef, parts: Parts): Change[] => [
  { table: PARTS, key: digest, value: parts },
];

/** Its bundle has left, or never will. */
export const finish = ({ digest }: RequestRef, time: number): Change[] => [
  { table: PARTS, key: digest, value: undefined },
  { table: DONE, key: digest, value: time },
];

/** Forgets what waits in vain, and what is long over. `time` is the event's, in milliseconds. */
export function forgetOld(state: StateView, time: number): Change[] {
  const changes: Change[] = [];
  for (const [key, value] of state.entries(PARTS)) {
    const { request, credential, release, log } = value as Parts;
    const isAnswered = [credential, release, log].some((part) => part !== undefined);
    if (!isAnswered && (request?.deadline ?? 0) + KEEP_UNANSWERED_MS < time)
      changes.push({ table: PARTS, key, value: undefined });
  }
  for (const [key, doneAt] of state.entries(DONE)) {
    if ((doneAt as number) + KEEP_DONE_MS < time) changes.push({ table: DONE, key, value: undefined });
  }
  return changes;
}
