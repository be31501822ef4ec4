/**
 * A region that was put back from a backup: its log may be behind what others hold of it. Nothing is anchored, no seed is made and
 * none opens until the log has every leaf that anybody knows to stand in it; then a leaf says that the region was restored, and the
 * log goes on.
 *
 * Promises: a leaf that is brought is taken only where the log's own checkpoint shows it in the next place; leaves that
 * stages logged meanwhile are kept, and follow, each once. Does not: find out what others hold; the operator says.
 */
import { verifyCheckpoint, type NoteSigner } from "../../crypto/checkpoint/checkpoint.ts";
import { CryptoError } from "../../crypto/errors.ts";
import { leafHash, verifyInclusion } from "../../crypto/merkle/merkle.ts";
import { saltOf, type BlindingSource } from "../../domain/log/blinding.ts";
import { leafText, namesIn, originOf } from "../../domain/log/leaves.ts";
import { withChanges } from "../../runtime/contract/changed-state.ts";
import { Table, type Change, type StateView } from "../../runtime/contract/state.ts";
import type { AnchoredLeaf, LogLeaf, RestoreEntry } from "../../schemas/avro/index.ts";
import { lastAnchor, lastIntended, queueBatch } from "./anchors.ts";
import { placeLeaf, takeLeaf } from "./leaves.ts";
import { rootAt, sizeOf } from "./log.ts";
import { numberFrom, seedIn } from "./seeds.ts";

const LOG = "log";
/** Leaves that were logged while the log was not whole, by their order, which ranks them. */
export const HELD = new Table<LogLeaf>("held", (_, key) => Number(key));
/** By the hash of each leaf that was brought: its place, which ranks it. */
export const BROUGHT = new Table<number>("brought", (index) => index);
/** So many leaves that were held go on with one tick. */
const HELD_MAX = 1_000;

/** The restoring that the region went through last. */
interface Restored {
  readonly id: string;
  readonly phase: "comparing" | "going-on" | "done" | "closed";
}

const restoredIn = (state: StateView): Restored | undefined =>
  state.get(LOG, "restored") as Restored | undefined;

const noteRestored = (restored: Restored): Change => ({ table: LOG, key: "restored", value: restored });

/** Whether the region was put back and its log is not known to be whole. */
export function isComparing(entry: RestoreEntry | undefined, state: StateView): boolean {
  if (entry === undefined) return false;
  const restored = restoredIn(state);
  return restored?.id !== entry.id || restored.phase === "comparing" || restored.phase === "closed";
}

/** Whether leaves wait that were logged while it was not. */
export const isGoingOn = (state: StateView): boolean => restoredIn(state)?.phase === "going-on";

/** True once the restoring is written down. */
export const hasBegun = ({ id }: RestoreEntry, state: StateView): boolean => restoredIn(state)?.id === id;

/** The seed that was made last may be followed by one that was lost: neither's number is used again. */
export const beginComparing = ({ id }: RestoreEntry, state: StateView): Change[] => [
  noteRestored({ id, phase: "comparing" }),
  ...numberFrom(undefined, state),
];

/** The operator gives the region up, for want of leaves: none once it is written down, or the log goes on. */
export const close = ({ id, closed }: RestoreEntry, state: StateView): Change[] =>
  closed !== null && restoredIn(state)?.phase === "comparing" ? [noteRestored({ id, phase: "closed" })] : [];

/** Whether the region was given up. */
export const isClosed = ({ id }: RestoreEntry, state: StateView): boolean => {
  const restored = restoredIn(state);
  return restored?.id === id && restored.phase === "closed";
};

/** Whether the operator was told how it stands, since it was asked last. */
export const wasTold = (entry: RestoreEntry, state: StateView): boolean =>
  state.get(LOG, TOLD) === toldOf(entry);

export const noteTold = (entry: RestoreEntry): Change => ({ table: LOG, key: TOLD, value: toldOf(entry) });

const TOLD = "restored-told";
const toldOf = ({ id, comparedAt, closed }: RestoreEntry): string => JSON.stringify([id, comparedAt, closed]);

/** A leaf that a stage logged meanwhile. */
export function holdLeaf(leaf: LogLeaf, state: StateView): Change[] {
  const next = (state.get(LOG, "held-next") as number | undefined) ?? 0;
  return [HELD.put(String(next), leaf), { table: LOG, key: "held-next", value: next + 1 }];
}

/** A leaf of the log that others hold. Undefined where it is not shown to stand in the log, none where it is not the next. */
export function bring(
  leaf: AnchoredLeaf,
  region: string,
  { publicKey }: Pick<NoteSigner, "publicKey">,
  state: StateView,
): Change[] | undefined {
  const tree = treeOf(leaf, { origin: originOf(region), publicKey });
  if (tree === undefined) return undefined;
  const { index, kind, text, requestDigest, checkpoint } = leaf;
  // Only the text is signed: what is told beside it has to be what it says itself.
  const named = namesIn(text);
  if (kind !== named.kind || requestDigest !== named.request) return undefined;
  if (index !== sizeOf(state)) return [];
  const hash = leafHash(Buffer.from(text, "utf8"));
  const changes = [
    ...placeLeaf({ index, kind, request: null, requestDigest, text, completes: false }, state),
    BROUGHT.put(hash, index),
    ...numberFrom(seedIn(leaf), state),
  ];
  // A batch that was anchored is anchored again as it was, or found on the chain.
  if (index !== tree.size - 1 || tree.size <= knownSize(state)) return changes;
  const after = withChanges(state, changes);
  // One of another beginning is a fork, which the comparison finds.
  if (rootAt(tree.size, after) !== tree.root) return changes;
  const batch = { size: tree.size, root: `0x${tree.root}`, checkpoint };
  return [...changes, ...queueBatch(batch, after)];
}

/** The size of the newest batch that is anchored, or meant to be. */
const knownSize = (state: StateView): number =>
  Math.max(lastAnchor(state)?.link.size ?? 0, lastIntended(state)?.size ?? 0);

/** The tree of its checkpoint, where the log's key signed that, and the leaf stands there. */
function treeOf(
  { log, index, text, proof, checkpoint }: AnchoredLeaf,
  by: { readonly origin: string; readonly publicKey: Uint8Array },
): { readonly size: number; readonly root: string } | undefined {
  if (log !== by.origin) return undefined;
  try {
    const { size, root } = verifyCheckpoint(checkpoint, by);
    const hash = leafHash(Buffer.from(text, "utf8"));
    return verifyInclusion(hash, index, size, proof, root) ? { size, root } : undefined;
  } catch (error) {
    if (error instanceof CryptoError) return undefined;
    throw error;
  }
}

/** A tree that somebody holds; its root is 64 hex digits. */
export interface Held {
  readonly size: number;
  readonly root: string;
}

/** How the log stands to trees that others hold: whole, short of the largest, or another log than theirs. */
export function compare(others: readonly Held[], state: StateView): "whole" | "forked" | Held {
  const size = sizeOf(state);
  const [largest] = [...others].sort((a, b) => b.size - a.size);
  if (largest !== undefined && largest.size > size) return largest;
  // Older trees than the last anchor are the beginning of its own.
  const anchored = lastAnchor(state)?.link.size ?? 0;
  const isOurs = (other: Held): boolean =>
    other.size < Math.max(anchored, 1) || rootAt(other.size, state) === other.root;
  return others.every(isOurs) ? "whole" : "forked";
}

/** The log is whole: a leaf says from where on it is the restored region's. */
export async function goOn(
  { id }: RestoreEntry,
  region: string,
  blinding: BlindingSource,
  state: StateView,
): Promise<Change[]> {
  const salt = await saltOf(blinding, "pavilion/restore-salt/v1", region, id);
  const text = leafText({ type: "pavilion/restore-leaf", region, restore: id, salt });
  return [
    ...takeLeaf({ kind: "restore", request: null, text, completes: false }, state),
    noteRestored({ id, phase: "going-on" }),
  ];
}

/** Takes leaves that were held into the log, but for those that were brought, and forgets which these were. */
export function takeHeld({ id }: RestoreEntry, before: StateView): Change[] {
  const changes: Change[] = [];
  const held = HELD.ranked(before, { limit: HELD_MAX });
  for (const { key, value } of held) {
    const state = withChanges(before, changes);
    const isBrought = BROUGHT.get(state, leafHash(Buffer.from(value.text, "utf8"))) !== undefined;
    changes.push(HELD.remove(key), ...(isBrought ? [] : takeLeaf(value, state)));
  }
  if (held.length === HELD_MAX) return changes;
  const over = BROUGHT.removeBelow(before, Infinity);
  return over.length > 0 ? [...changes, ...over] : [...changes, noteRestored({ id, phase: "done" })];
}
