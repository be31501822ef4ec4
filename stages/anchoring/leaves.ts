/**
 * Leaves on their way: taken into the log in the order in which they came, kept until they are anchored. Of a request,
 * what comes before the leaf that completes it is kept until that one is anchored too, or can no longer be expected.
 */
import { leafHash } from "../../crypto/merkle/merkle.ts";
import type { Change, StateView } from "../../runtime/contract/stage.ts";
import type { LogLeaf, RequestRef } from "../../schemas/avro/index.ts";
import { listed, sayingWhether } from "./earlier-leaves.ts";
import { appendLeaf, sizeOf } from "./log.ts";

const WAITING = "waiting";
/** By request digest, whatever their kind. Named after the one that was kept first. */
const KEPT = "matches";
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
}

/** The last of a request's leaves. */
export type LastLeaf = PlacedLeaf & { readonly request: RequestRef };

export const isLast = (leaf: PlacedLeaf): leaf is LastLeaf => leaf.completes && leaf.request !== null;

/** The changes of taking in a leaf. */
export function takeLeaf(leaf: LogLeaf, state: StateView): Change[] {
  const { kind, request, text, completes } = sayingWhether(leaf);
  const placed: PlacedLeaf = { index: sizeOf(state), kind, request, text, completes };
  const waiting = { table: WAITING, key: keyOf(placed.index), value: placed };
  return [...appendLeaf(leafHash(Buffer.from(text, "utf8")), state), waiting, ...keep(placed, state)];
}

function keep(leaf: PlacedLeaf, state: StateView): Change[] {
  if (leaf.request === null || leaf.completes) return [];
  const before = keptOf(leaf.request, state);
  if (before.length > LEAVES_BEFORE_MAX) return [];
  return [{ table: KEPT, key: leaf.request.digest, value: [...before, leaf] }];
}

const waitingIn = (state: StateView): PlacedLeaf[] =>
  Array.from(state.entries(WAITING), ([, value]) => sayingWhether(value as PlacedLeaf));

const keptOf = ({ digest }: RequestRef, state: StateView): readonly PlacedLeaf[] =>
  listed(state.get(KEPT, digest) as PlacedLeaf[] | undefined);

/** All that is kept, by request digest. */
const keptIn = (state: StateView): [digest: string, leaves: readonly PlacedLeaf[]][] =>
  Array.from(state.entries(KEPT), ([digest, value]) => [digest, listed(value as PlacedLeaf[])]);

/** Leaves below the size that are not anchored yet, in order. */
export const waitingBelow = (size: number, state: StateView): PlacedLeaf[] =>
  waitingIn(state)
    .filter(({ index }) => index < size)
    .sort((a, b) => a.index - b.index);

/** The leaves of a request, in the log's order, up to the last one. */
export const leavesUpTo = (last: LastLeaf, state: StateView): [first: PlacedLeaf, ...PlacedLeaf[]] => {
  const [first, ...others] = keptOf(last.request, state).filter(({ index }) => index < last.index);
  return first === undefined ? [last] : [first, ...others, last];
};

/** They wait no longer; of a request's last, nor do those before it. */
export const settle = (leaves: readonly PlacedLeaf[]): Change[] =>
  leaves.flatMap((leaf) => [
    { table: WAITING, key: keyOf(leaf.index), value: undefined },
    ...(isLast(leaf) ? [{ table: KEPT, key: leaf.request.digest, value: undefined }] : []),
  ]);

/** Forgets leaves that none will complete: those whose last one waits stay. `time` is in milliseconds. */
export function forgetKept(state: StateView, time: number): Change[] {
  const old = keptIn(state).filter(([, [leaf]]) => (leaf?.request?.deadline ?? 0) + KEEP_MS < time);
  if (old.length === 0) return [];
  const completed = new Set(
    waitingIn(state)
      .filter(isLast)
      .map(({ request }) => request.digest),
  );
  return old
    .filter(([digest]) => !completed.has(digest))
    .map(([key]) => ({ table: KEPT, key, value: undefined }));
}

/** Place of the first leaf that is kept; Infinity where there is none. */
export const oldestKept = (state: StateView): number =>
  keptIn(state).reduce((oldest, [, [leaf]]) => Math.min(oldest, leaf?.index ?? oldest), Infinity);

/** The commitment of the seed that a leaf names, in its member `seed`. */
export function seedNamed({ text }: PlacedLeaf): string | undefined {
  const { seed } = JSON.parse(text) as { readonly seed?: unknown };
  return typeof seed === "string" ? seed : undefined;
}

/** The commitments of the seeds that leaves name of which a receipt is still to come. */
export const seedsAwaited = (state: StateView): ReadonlySet<string | undefined> =>
  new Set(
    [...keptIn(state).flatMap(([, leaves]) => leaves), ...waitingIn(state).filter(isLast)].map(seedNamed),
  );

const keyOf = (index: number): string => String(index);
