/**
 * Anchors: which batch is meant to be anchored next, decided before it is sent so that every restart means the same
 * one, and which stand on the chain, in order. Those that nobody can ask for any more are forgotten.
 */
import type { Change, StateView } from "../../runtime/contract/state.ts";

const ANCHORS = "anchors";
const LOG = "log";
/** Batches that fell off the chain, or were brought after a restoring, and are still to be anchored anew. */
const FALLEN = "fallen";
/** So many stay, whatever becomes of the seeds: a reorganisation is followed back as far as that. */
const ANCHORS_KEPT = 1_000;
/** So many are forgotten at once. */
const FORGOTTEN_MAX = 1_000;

/** A state that the contract took, and where. */
export interface Anchored {
  readonly link: {
    /** State before it, root and size; 0x and 64 hex digits. */
    readonly previous: string;
    readonly root: string;
    readonly size: number;
    /** Block time, seconds. */
    readonly time: number;
  };
  /** Hash of the transaction, and number and hash of its block. */
  readonly transaction: string;
  readonly block: number;
  readonly blockHash: string;
}

/** A batch that stands, with the checkpoint that was signed for it. */
export interface Anchor extends Anchored {
  readonly checkpoint: string;
}

/** A batch on its way: the log's first `size` leaves. */
export interface Intended {
  readonly size: number;
  /** 0x and 64 hex digits. */
  readonly root: string;
  readonly checkpoint: string;
}

/** How many stand, those included that are forgotten. */
export const anchorCount = (state: StateView): number =>
  (state.get(LOG, "anchors") as number | undefined) ?? 0;

export const anchorAt = (number: number, state: StateView): Anchor | undefined =>
  state.get(ANCHORS, String(number)) as Anchor | undefined;

export const lastAnchor = (state: StateView): Anchor | undefined => anchorAt(anchorCount(state) - 1, state);

/** The number of the first anchor that is remembered. */
export const firstAnchor = (state: StateView): number =>
  (state.get(LOG, "first-anchor") as number | undefined) ?? 0;

/** Every anchor from a number on, in order. */
export function anchorsFrom(first: number, state: StateView): Anchor[] {
  const anchors: Anchor[] = [];
  for (let number = first; number < anchorCount(state); number++) {
    const anchor = anchorAt(number, state);
    if (anchor !== undefined) anchors.push(anchor);
  }
  return anchors;
}

/** The number of the first anchor that holds a leaf; the next one's where none does yet. Sizes only grow. */
export function anchorHolding(index: number, state: StateView): number {
  let [low, high] = [firstAnchor(state), anchorCount(state)];
  while (low < high) {
    const middle = Math.floor((low + high) / 2);
    if ((anchorAt(middle, state)?.link.size ?? 0) > index) high = middle;
    else low = middle + 1;
  }
  return low;
}

export const intendedIn = (state: StateView): Intended | undefined =>
  state.get(LOG, "intended") as Intended | undefined;

export const intend = (intended: Intended | undefined): Change => ({
  table: LOG,
  key: "intended",
  value: intended,
});

/** All batches that are meant: the one on its way, and those that follow it. */
function meantIn(state: StateView): readonly Intended[] {
  const current = intendedIn(state);
  return current === undefined ? [] : [current, ...fallenIn(state)];
}

/** The first is on its way, or to be sent; none where there is none. */
const mean = ([next, ...fallen]: readonly Intended[]): Change[] => [
  { table: LOG, key: FALLEN, value: fallen.length === 0 ? undefined : fallen },
  intend(next),
];

const fallenIn = (state: StateView): readonly Intended[] =>
  (state.get(LOG, FALLEN) as Intended[] | undefined) ?? [];

/** The last of the batches that are on their way or to follow. */
export const lastIntended = (state: StateView): Intended | undefined => meantIn(state).at(-1);

/** A batch that is to follow those that are on their way. */
export const queueBatch = (batch: Intended, state: StateView): Change[] => mean([...meantIn(state), batch]);

/** Batches that stand on the chain already are what is meant next; of those that were meant, the larger follow. */
export function putFirst(batches: readonly Intended[], state: StateView): Change[] {
  const newest = batches.at(-1)?.size ?? 0;
  return mean([...batches, ...meantIn(state).filter(({ size }) => size > newest)]);
}

/** The batch stands: what fell off the chain after it is on its way next, or nothing. */
export function noteAnchor(anchor: Anchor, state: StateView): Change[] {
  return [
    { table: ANCHORS, key: String(anchorCount(state)), value: anchor },
    { table: LOG, key: "anchors", value: anchorCount(state) + 1 },
    ...mean(fallenIn(state)),
  ];
}

/**
 * Anchors from a number on fell off the chain: they are anchored anew, batch by batch as they were, since what fell may
 * come back by itself.
 */
export function loseAnchors(standing: number, state: StateView): Change[] {
  const lost = anchorsFrom(standing, state);
  const batches = lost.map(({ link, checkpoint }) => ({ size: link.size, root: link.root, checkpoint }));
  return [
    ...lost.map((_, index) => ({ table: ANCHORS, key: String(standing + index), value: undefined })),
    { table: LOG, key: "anchors", value: standing },
    ...mean([...batches, ...meantIn(state)]),
  ];
}

/** Forgets anchors before the one that is still `needed`, but for the last thousand. */
export function forgetAnchors(needed: number, state: StateView): Change[] {
  const first = firstAnchor(state);
  const end = Math.min(needed, anchorCount(state) - ANCHORS_KEPT, first + FORGOTTEN_MAX);
  if (end <= first) return [];
  const forgotten = Array.from({ length: end - first }, (_, index) => first + index);
  return [
    ...forgotten.map((number) => ({ table: ANCHORS, key: String(number), value: undefined })),
    { table: LOG, key: "first-anchor", value: end },
  ];
}
