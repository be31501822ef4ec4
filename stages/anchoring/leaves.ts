/**
 * Leaves on their way: taken into the log in the order in which they came, kept until they are anchored. Of a request,
 * what comes before the leaf that completes it is kept until that one is anchored too, or can no longer be expected.
 */
import { leafHash } from "../../crypto/merkle/merkle.ts";
import { Table, type Change, type StateView } from "../../runtime/contract/state.ts";
import type { LogLeaf, RequestRef } from "../../schemas/avro/index.ts";
import { listed, sayingWhether } from "./earlier-leaves.ts";
import { appendLeaf, sizeOf } from "./log.ts";

/** Nothing completes a request later than this after its deadline. */
const KEEP_MS = 7 * 24 * 3_600_000;
/** A request has at most so many leaves before the one that completes it; of more, one is kept to tell. */
export const LEAVES_BEFORE_MAX = 32;

/** A leaf and its place in the log. */
export interface PlacedLeaf {
  readonly index: number;
  readonly kind: string;
  readonly request: RequestRef | null;
  readonly text: string;
  /** Whether the request's leaves are complete with it. */
  readonly completes: boolean;
  /** Of a leaf that was brought after a restoring, whose receipt others have: the request that it is about. */
  readonly requestDigest?: string | null;
}

/** Leaves that are not anchored yet, by their places, which rank them. */
export const WAITING = new Table<PlacedLeaf>("waiting", ({ index }) => index);
/**
 * A request's leaves before the one that completes it, by request digest, whatever their kind, ranked by the place of the
 * first. Named after the one that was kept first.
 */
export const KEPT = new Table<readonly PlacedLeaf[]>(
  "matches",
  (leaves) => listed([...[leaves].flat()])[0]?.index ?? 0,
);
/** Requests whose last leaf waits, by digest. */
const COMPLETING = new Table<true>("completing");
/** By the commitment of a seed: how many leaves name it of which a receipt is still to come. */
const NAMING = new Table<number>("naming");
/** No request's digest: that it was told of those before. */
const TOLD = "";
/** More than a batch holds. */
const BATCH_MAX = 2_000;
/** So many leaves of an earlier version are looked through. */
const EARLIER_MAX = 5_000;
/** So many requests are looked at with one tick at most, the oldest first. */
const LOOKED_AT_MAX = 200;

/** The last of a request's leaves. */
export type LastLeaf = PlacedLeaf & { readonly request: RequestRef };

export const isLast = (leaf: PlacedLeaf): leaf is LastLeaf => leaf.completes && leaf.request !== null;

/** The changes of taking in a leaf. */
export function takeLeaf(leaf: LogLeaf, state: StateView): Change[] {
  const { kind, request, text, completes } = sayingWhether(leaf);
  return placeLeaf({ index: sizeOf(state), kind, request, text, completes }, state);
}

/** The changes of taking in a leaf whose place is the log's end. */
export const placeLeaf = (leaf: PlacedLeaf, state: StateView): Change[] => [
  ...appendLeaf(leafHash(Buffer.from(leaf.text, "utf8")), state),
  WAITING.put(keyOf(leaf.index), leaf),
  ...keep(leaf, state),
];

function keep(leaf: PlacedLeaf, state: StateView): Change[] {
  const { request } = leaf;
  if (request === null) return [];
  if (leaf.completes) return [COMPLETING.put(request.digest, true), ...counted([leaf], 1, state)];
  const before = keptOf(request, state);
  if (before.length > LEAVES_BEFORE_MAX) return [];
  return [KEPT.put(request.digest, [...before, leaf]), ...counted([leaf], 1, state)];
}

/** More or fewer leaves that name seeds. */
function counted(leaves: readonly PlacedLeaf[], by: 1 | -1, state: StateView): Change[] {
  const counts = new Map<string, number>();
  for (const leaf of leaves) {
    const seed = seedNamed(leaf);
    if (seed !== undefined) counts.set(seed, (counts.get(seed) ?? NAMING.get(state, seed) ?? 0) + by);
  }
  return Array.from(counts, ([seed, count]) => (count > 0 ? NAMING.put(seed, count) : NAMING.remove(seed)));
}

const keptOf = ({ digest }: RequestRef, state: StateView): readonly PlacedLeaf[] =>
  leavesIn(KEPT.get(state, digest));

/** Earlier versions kept one alone. */
const leavesIn = (kept: readonly PlacedLeaf[] | undefined): readonly PlacedLeaf[] =>
  listed(kept as PlacedLeaf[] | undefined);

/** Leaves below the size that are not anchored yet, in order; never more than a batch holds. */
export const waitingBelow = (size: number, state: StateView): PlacedLeaf[] =>
  WAITING.ranked(state, { below: size, limit: BATCH_MAX }).map(({ value }) => sayingWhether(value));

/** The leaves of a request, in the log's order, up to the last one. */
export const leavesUpTo = (last: LastLeaf, state: StateView): [first: PlacedLeaf, ...PlacedLeaf[]] => {
  const [first, ...others] = keptOf(last.request, state).filter(({ index }) => index < last.index);
  return first === undefined ? [last] : [first, ...others, last];
};

/** They wait no longer; of a request's last, nor do those before it. */
export function settle(leaves: readonly PlacedLeaf[], state: StateView): Change[] {
  const last = leaves.filter(isLast);
  const requests = [...new Map(last.map(({ request }) => [request.digest, request])).values()];
  return [
    ...leaves.map(({ index }) => WAITING.remove(keyOf(index))),
    ...last.flatMap(({ request: { digest } }) => [KEPT.remove(digest), COMPLETING.remove(digest)]),
    ...counted([...last, ...requests.flatMap((request) => keptOf(request, state))], -1, state),
  ];
}

/** Says of last leaves that waited before it was written down which requests they complete: once. */
export function tellCompleting(state: StateView): Change[] {
  if (COMPLETING.get(state, TOLD) !== undefined) return [];
  const waiting = WAITING.ranked(state, { limit: EARLIER_MAX }).map(({ value }) => sayingWhether(value));
  const digests = waiting.filter(isLast).map(({ request }) => request.digest);
  return [TOLD, ...digests].map((digest) => COMPLETING.put(digest, true));
}

/** Forgets leaves that none will complete: those whose last one waits stay. `time` is in milliseconds. */
export function forgetKept(state: StateView, time: number): Change[] {
  const over = KEPT.ranked(state, { limit: LOOKED_AT_MAX }).filter(({ key, value }) => {
    const [first] = leavesIn(value);
    const isOld = (first?.request?.deadline ?? 0) + KEEP_MS < time;
    return isOld && COMPLETING.get(state, key) === undefined;
  });
  return [
    ...over.map(({ key }) => KEPT.remove(key)),
    ...counted(
      over.flatMap(({ value }) => leavesIn(value)),
      -1,
      state,
    ),
  ];
}

/** Place of the first leaf that is kept; Infinity where there is none. */
export const oldestKept = (state: StateView): number => KEPT.ranked(state, { limit: 1 })[0]?.rank ?? Infinity;

/** The commitment of the seed that a leaf names, in its member `seed`. */
export function seedNamed({ text }: PlacedLeaf): string | undefined {
  const { seed } = JSON.parse(text) as { readonly seed?: unknown };
  return typeof seed === "string" ? seed : undefined;
}

/** Whether a leaf names the seed of which a receipt is still to come. */
export const isAwaited = (commitment: string, state: StateView): boolean =>
  NAMING.get(state, commitment) !== undefined;

/** The same of a seed that an earlier version made, which counted nothing: it is awaited where that cannot be told. */
export function mayBeAwaited(
  commitment: string,
  { isLongClosed }: { readonly isLongClosed: boolean },
  state: StateView,
): boolean {
  const limit = EARLIER_MAX;
  const [kept, waiting] = [
    isLongClosed ? [] : KEPT.ranked(state, { limit }),
    WAITING.ranked(state, { limit }),
  ];
  const naming = [
    ...kept.flatMap(({ value }) => leavesIn(value)),
    ...waiting.map(({ value }) => sayingWhether(value)).filter(isLast),
  ];
  return (
    Math.max(kept.length, waiting.length) === limit || naming.some((leaf) => seedNamed(leaf) === commitment)
  );
}

const keyOf = (index: number): string => String(index);
