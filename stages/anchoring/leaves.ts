/**
 * Leaves on their way: taken into the log in the order in which they came, kept until they are anchored. A match leaf is
 * kept until the spend that paid for it is anchored too, or the request can no longer be charged.
 */
import { leafHash } from "../../crypto/merkle/merkle.ts";
import type { Change, StateView } from "../../runtime/contract/stage.ts";
import type { LogLeaf, RequestRef } from "../../schemas/avro/index.ts";
import type { MatchLeaf } from "../../schemas/json/match-leaf.ts";
import { appendLeaf, sizeOf } from "./log.ts";

const WAITING = "waiting";
const MATCHES = "matches";
/** Nothing is charged later than this after a deadline. */
const KEEP_MATCH_MS = 7 * 24 * 3_600_000;

/** A leaf and its place in the log. */
export interface PlacedLeaf {
  readonly index: number;
  readonly kind: string;
  readonly request: RequestRef | null;
  readonly text: string;
}

/** The changes of taking in a leaf. */
export function takeLeaf({ kind, request, text }: LogLeaf, state: StateView): Change[] {
  const placed: PlacedLeaf = { index: sizeOf(state), kind, request, text };
  const waiting = { table: WAITING, key: keyOf(placed.index), value: placed };
  const match =
    kind === "match" && request !== null ? [{ table: MATCHES, key: request.digest, value: placed }] : [];
  return [...appendLeaf(leafHash(Buffer.from(text, "utf8")), state), waiting, ...match];
}

/** Leaves below the size that are not anchored yet, in order. */
export function waitingBelow(size: number, state: StateView): PlacedLeaf[] {
  return [...state.entries(WAITING)]
    .map(([, value]) => value as PlacedLeaf)
    .filter(({ index }) => index < size)
    .sort((a, b) => a.index - b.index);
}

/** The match leaf of a request. */
export const matchOf = (digest: string, state: StateView): PlacedLeaf | undefined =>
  state.get(MATCHES, digest) as PlacedLeaf | undefined;

/** They wait no longer; of a spend, nor does its match leaf. */
export const settle = (leaves: readonly PlacedLeaf[]): Change[] =>
  leaves.flatMap(({ index, kind, request }) => [
    { table: WAITING, key: keyOf(index), value: undefined },
    ...(kind === "spend" && request !== null
      ? [{ table: MATCHES, key: request.digest, value: undefined }]
      : []),
  ]);

/** Forgets match leaves that no spend will follow: those whose spend waits stay. `time` is in milliseconds. */
export function forgetMatches(state: StateView, time: number): Change[] {
  const old = [...state.entries(MATCHES)].filter(
    ([, value]) => ((value as PlacedLeaf).request?.deadline ?? 0) + KEEP_MATCH_MS < time,
  );
  if (old.length === 0) return [];
  const waiting = [...state.entries(WAITING)].map(([, value]) => value as PlacedLeaf);
  const spent = new Set(
    waiting.filter(({ kind }) => kind === "spend").map(({ request }) => request?.digest ?? ""),
  );
  return old
    .filter(([digest]) => !spent.has(digest))
    .map(([key]) => ({ table: MATCHES, key, value: undefined }));
}

/** The commitments of the seeds that kept match leaves name. */
export const seedsAwaited = (state: StateView): ReadonlySet<string> =>
  new Set(
    [...state.entries(MATCHES)].map(
      ([, value]) => (JSON.parse((value as PlacedLeaf).text) as Pick<MatchLeaf, "seed">).seed,
    ),
  );

const keyOf = (index: number): string => String(index);
