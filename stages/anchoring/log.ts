/**
 * The region's log as state: the hashes of full subtrees, and how many leaves there are (RFC 6962). Leaves are only ever
 * appended. Of the log's beginning, of which no proof is asked for any more, the hashes of the largest full subtrees stay alone:
 * every proof about later leaves and sizes is made of those.
 */
import { append, rootOf, type Hash, type Nodes } from "../../crypto/merkle/merkle.ts";
import type { Change, StateView } from "../../runtime/contract/state.ts";

const LOG = "log";
const NODES = "nodes";
/** So many leaves' hashes are forgotten at once. */
const FORGOTTEN_MAX = 500;

/** Leaves in the log. */
export const sizeOf = (state: StateView): number => (state.get(LOG, "size") as number | undefined) ?? 0;

export const nodesIn = (state: StateView): Nodes => ({
  get: (level, index) => state.get(NODES, nodeKey(level, index)) as Hash | undefined,
});

/** Root over the first `size` leaves. */
export const rootAt = (size: number, state: StateView): Hash => rootOf(size, nodesIn(state));

/** The changes of appending a leaf, by its hash, at the log's end. */
export function appendLeaf(leaf: Hash, state: StateView): Change[] {
  const size = sizeOf(state);
  const added = append(size, leaf, nodesIn(state));
  return [
    { table: LOG, key: "size", value: size + 1 },
    ...added.map(({ level, index, hash }) => ({ table: NODES, key: nodeKey(level, index), value: hash })),
  ];
}

/** How many leaves at the log's beginning have no hashes of their own any more. */
const forgottenLeaves = (state: StateView): number =>
  (state.get(LOG, "forgotten-leaves") as number | undefined) ?? 0;

/** Forgets what lies within full subtrees of the leaves before a place: no proof about any of these is made after this. */
export function forgetNodes(before: number, state: StateView): Change[] {
  const first = forgottenLeaves(state);
  const end = Math.min(before, sizeOf(state), first + FORGOTTEN_MAX);
  if (end <= first) return [];
  const within: Change[] = [];
  for (let count = first + 1; count <= end; count++) {
    // A subtree that this leaf completes holds two smaller ones: the larger hash is all that is needed of them.
    for (let [level, subtrees] = [0, count]; subtrees % 2 === 0; level++, subtrees /= 2) {
      for (const index of [subtrees - 2, subtrees - 1])
        within.push({ table: NODES, key: nodeKey(level, index), value: undefined });
    }
  }
  return [...within, { table: LOG, key: "forgotten-leaves", value: end }];
}

const nodeKey = (level: number, index: number): string => `${String(level)}/${String(index)}`;
