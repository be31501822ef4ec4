/**
 * What has come of a request's evidence so far. Pieces come in no particular order, and the first of each kind counts. A
 * request that repeats another's answer gets no bundle. A refusal ends nothing by itself, since what was charged may be
 * refused as well, by a stage behind the ledger or as a copy of itself: for it a request is forgotten, a day later, that
 * nothing shows to be charged.
 */
import type { Change, StateView } from "../../runtime/contract/stage.ts";
import type { Plan, Refusal, RequestRef } from "../../schemas/avro/index.ts";

/** A table keeps its name: what is stored is found under it. */
const PIECES = "parts";
const DONE = "done";
const REFUSED = "refused";
const UPKEEP = "upkeep";
/** Stages between a request's admission and its charge. What routing refuses has no pieces here. */
const UNCHARGED: readonly string[] = ["compliance", "psi", "aggregate", "dp"];
/** How often the entries are looked through; ticks come every second. */
const PRUNE_EVERY_MS = 3_600_000;
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

/** The pieces with one more of them; undefined where the request's bundle has left, or it gets none. */
export function withPiece(request: RequestRef, piece: Pieces, state: StateView): Pieces | undefined {
  if (state.get(DONE, request.digest) !== undefined) return undefined;
  return { request, ...piece, ...(state.get(PIECES, request.digest) as Pieces | undefined) };
}

export const keepPieces = ({ digest }: RequestRef, pieces: Pieces): Change[] => [
  { table: PIECES, key: digest, value: pieces },
];

/** Its bundle has left, or never will. */
export const finish = ({ digest }: RequestRef, time: number): Change[] => [
  { table: PIECES, key: digest, value: undefined },
  { table: DONE, key: digest, value: time },
];

/** It may be over, where it was refused before it was charged. */
export const noteRefusal = ({ request, stage }: Refusal, time: number): Change[] =>
  UNCHARGED.includes(stage) ? [{ table: REFUSED, key: request.digest, value: time }] : [];

/** Forgets what waits in vain, and what is long over, at most once an hour. `time` is the event's, in milliseconds. */
export function forgetOld(state: StateView, time: number): Change[] {
  const last = state.get(UPKEEP, "pruned");
  if (typeof last === "number" && time - last < PRUNE_EVERY_MS) return [];
  const waiting = [...state.entries(PIECES)].map(([key, value]) => ({ key, pieces: value as Pieces }));
  const unanswered = waiting.filter(({ pieces }) => !isAnswered(pieces));
  const refused = olderThan(KEEP_REFUSED_MS, REFUSED, state, time);
  const over = unanswered.filter(
    ({ key, pieces }) => refused.has(key) || (pieces.request?.deadline ?? 0) + KEEP_UNANSWERED_MS < time,
  );
  const gone = (table: string, keys: Iterable<string>): Change[] =>
    Array.from(keys, (key) => ({ table, key, value: undefined }));
  return [
    { table: UPKEEP, key: "pruned", value: time },
    ...gone(
      PIECES,
      over.map(({ key }) => key),
    ),
    ...gone(REFUSED, refused),
    ...gone(DONE, olderThan(KEEP_DONE_MS, DONE, state, time)),
  ];
}

/** Each of these is there only of a request that was charged. */
const isAnswered = ({ credential, release, log }: Pieces): boolean =>
  [credential, release, log].some((piece) => piece !== undefined);

function olderThan(keptMs: number, table: string, state: StateView, time: number): Set<string> {
  const old = [...state.entries(table)].filter(([, since]) => (since as number) + keptMs < time);
  return new Set(old.map(([key]) => key));
}
