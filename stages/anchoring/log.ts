/**
 * The region's log as state: every full subtree's hash, and how many leaves there are (RFC 6962). Leaves are only ever
 * appended.
 */
import { append, rootOf, type Hash, type Nodes } from "../../crypto/merkle/merkle.ts";
import type { Change, StateView } from "../../runtime/contract/state.ts";

const LOG = "log";
const NODES = "nodes";

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

const nodeKey = (level: number, index: number): string => `${String(level)}/${String(index)}`;
