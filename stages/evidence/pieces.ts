/**
 * What has come of a request's evidence so far. Pieces come in no particular order, and the first of each kind counts. A
 * request that repeats another's answer gets no bundle. A refusal ends nothing by itself, since what was charged may be
 * refused as well, by a stage behind the ledger or as a copy of itself: for it a request is forgotten, a day later, that
 * nothing shows to be charged.
 */
import { Table, type Change, type StateView } from "../../runtime/contract/state.ts";
import type { Plan, Refusal, RequestRef } from "../../schemas/avro/index.ts";

/** Stages between a request's admission and its charge. What routing refuses has no pieces here. */
const UNCHARGED: readonly string[] = ["compliance", "psi", "aggregate", "dp"];
const DAY_MS = 24 * 3_600_000;
/** After a refusal; whatever else comes of a request that was charged all the same has come by then. */
const KEEP_REFUSED_MS = DAY_MS;
/** A request ends in an answer, however late, or in a refusal; this is for what did neither. */
const KEEP_UNANSWERED_MS = 90 * DAY_MS;
/** How long it is remembered that a bundle left. */
const KEEP_DONE_MS = 7 * DAY_MS;

export interface Pieces {
  readonly request?: RequestRef;
  readonly document?: string;
  readonly signature?: string;
  readonly plan?: Plan;
  /** Members `release` and `log` of the bundle, canonical JSON. */
  readonly release?: string;
  readonly log?: string;
  readonly credential?: string;
}

/**
 * By request digest, ranked by when what is unanswered is forgotten. A table keeps its name: what is stored is found under it.
 */
export const PIECES = new Table<Pieces>("parts", (pieces) =>
  isAnswered(pieces) ? Infinity : (pieces.request?.deadline ?? 0) + KEEP_UNANSWERED_MS,
);
/** By request digest: when the bundle left, ranked by when that is forgotten. */
export const DONE = new Table<number>("done", (since) => since + KEEP_DONE_MS);
/** By request digest: when it was refused, ranked by when nothing comes of it any more. */
export const REFUSED = new Table<number>("refused", (since) => since + KEEP_REFUSED_MS);
/** So many refused ones are looked at with one tick at most. */
const LOOKED_AT_MAX = 200;

/** The pieces with one more of them; undefined where the request's bundle has left, or it gets none. */
export function withPiece(request: RequestRef, piece: Pieces, state: StateView): Pieces | undefined {
  if (DONE.get(state, request.digest) !== undefined) return undefined;
  return { request, ...piece, ...PIECES.get(state, request.digest) };
}

export const keepPieces = ({ digest }: RequestRef, pieces: Pieces): Change[] => [PIECES.put(digest, pieces)];

/** Its bundle has left, or never will. */
export const finish = ({ digest }: RequestRef, time: number): Change[] => [
  PIECES.remove(digest),
  DONE.put(digest, time),
];

/** It may be over, where it was refused before it was charged. */
export const noteRefusal = ({ request, stage }: Refusal, time: number): Change[] =>
  UNCHARGED.includes(stage) ? [REFUSED.put(request.digest, time)] : [];

/** Forgets what waits in vain, and what is long over. `time` is the event's, in milliseconds. */
export function forgetOld(state: StateView, time: number): Change[] {
  const refused = REFUSED.ranked(state, { below: time, limit: LOOKED_AT_MAX });
  const inVain = refused.filter(({ key }) => {
    const pieces = PIECES.get(state, key);
    return pieces !== undefined && !isAnswered(pieces);
  });
  return [
    ...inVain.map(({ key }) => PIECES.remove(key)),
    ...refused.map(({ key }) => REFUSED.remove(key)),
    ...PIECES.removeBelow(state, time),
    ...DONE.removeBelow(state, time),
  ];
}

/** Each of these is there only of a request that was charged. */
const isAnswered = ({ credential, release, log }: Pieces): boolean =>
  [credential, release, log].some((piece) => piece !== undefined);
