/**
 * RFC 6962 section 2.1, a log's tree as it grows: leaves are appended, and a subtree that has become full never changes
 * again, so each is kept once. The root and every proof are put together from full subtrees, at most 53 of them.
 *
 * Sizes and indexes are safe integers; arithmetic, not bit operations, which would cut them to 32 bits.
 * Codes: MERKLE_INPUT_INVALID, MERKLE_NODE_MISSING.
 */
import { CryptoError } from "../errors.ts";
import { EMPTY_ROOT, type Hash, invalidInput, isHash, nodeHash } from "./hash.ts";

/** Where the full subtrees of a log are kept: level 0 are leaves. A stage's state implements it. */
export interface Nodes {
  /** The root over the 2^level leaves from index · 2^level on, or undefined where that subtree is not full yet. */
  get(level: number, index: number): Hash | undefined;
}

export interface NewNode {
  readonly level: number;
  readonly index: number;
  readonly hash: Hash;
}

/**
 * Nodes that become complete when a leaf is appended at index `size`, from the leaf upwards; the caller keeps them all.
 * Throws MERKLE_INPUT_INVALID for a size or leaf that is none, MERKLE_NODE_MISSING where `nodes` does not hold the tree.
 */
export function append(size: number, leaf: Hash, nodes: Nodes): NewNode[] {
  if (!isSize(size) || !isSize(size + 1)) throw invalidInput("a size is out of range");
  if (!isHash(leaf)) throw invalidInput("a leaf is not given by its hash");
  let node: NewNode = { level: 0, index: size, hash: leaf };
  const complete = [node];
  while (isOdd(node.index)) {
    const { level, index, hash } = node;
    node = { level: level + 1, index: half(index), hash: nodeHash(nodeAt(nodes, level, index - 1), hash) };
    complete.push(node);
  }
  return complete;
}

/** The root over the first `size` leaves. Throws as append does. */
export function rootOf(size: number, nodes: Nodes): Hash {
  if (!isSize(size)) throw invalidInput("a size is out of range");
  return size === 0 ? EMPTY_ROOT : subtreeHash(0, size, nodes);
}

/** Root over a list of leaf hashes at once. Throws MERKLE_INPUT_INVALID when one is no hash. */
export function rootOfLeaves(leaves: readonly Hash[]): Hash {
  for (const leaf of leaves) if (!isHash(leaf)) throw invalidInput("a leaf is not given by its hash");
  let row = leaves;
  while (row.length > 1) row = parentsOf(row);
  return row[0] ?? EMPTY_ROOT;
}

/**
 * The root over `count` ≥ 1 leaves from `start` on, where `start` is a multiple of a power of two that is at least
 * `count`: a subtree of the RFC's recursion, full or at the tree's right edge.
 */
export function subtreeHash(start: number, count: number, nodes: Nodes): Hash {
  const full: Hash[] = [];
  let index = start;
  let left = count;
  while (left > 0) {
    const { level, width } = largestFull(left);
    full.push(nodeAt(nodes, level, index / width));
    index += width;
    left -= width;
  }
  return full.reduceRight((right, hash) => nodeHash(hash, right));
}

/** The largest full subtree that fits into `count` ≥ 1 leaves. */
export function largestFull(count: number): { level: number; width: number } {
  let [level, width] = [0, 1];
  while (width * 2 <= count) [level, width] = [level + 1, width * 2];
  return { level, width };
}

export function isSize(value: number): boolean {
  return Number.isSafeInteger(value) && value >= 0;
}

export function isOdd(value: number): boolean {
  return value % 2 === 1;
}

/** Half of a value, rounded down. */
export function half(value: number): number {
  return Math.floor(value / 2);
}

/** The row above; a last node without a sibling moves up as it is, and is never paired with itself (CVE-2012-2459). */
function parentsOf(row: readonly Hash[]): Hash[] {
  const parents: Hash[] = [];
  for (let index = 0; index < row.length; index += 2) {
    const [left = "", right] = row.slice(index, index + 2);
    parents.push(right === undefined ? left : nodeHash(left, right));
  }
  return parents;
}

function nodeAt(nodes: Nodes, level: number, index: number): Hash {
  const hash = nodes.get(level, index);
  if (!isHash(hash)) throw new CryptoError("MERKLE_NODE_MISSING", "A node of the log's tree is not kept.");
  return hash;
}
