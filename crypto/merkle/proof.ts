/**
 * RFC 6962 sections 2.1.1 and 2.1.2, the proofs that a log gives: that a leaf is in it, and that one tree is the beginning of
 * another. Both walk from the root down, note the subtree that the walk leaves aside, and list these from below.
 *
 * Codes: MERKLE_INPUT_INVALID, MERKLE_NODE_MISSING.
 */
import { type Hash, invalidInput } from "./hash.ts";
import { isSize, largestFull, type Nodes, subtreeHash } from "./tree.ts";

/**
 * PATH(index, D[size]): the siblings from the leaf to the root of the first `size` leaves.
 * Throws MERKLE_INPUT_INVALID unless 0 ≤ index < size, MERKLE_NODE_MISSING where `nodes` does not hold the tree.
 */
export function inclusionProof(index: number, size: number, nodes: Nodes): Hash[] {
  if (!isSize(index) || !isSize(size) || index >= size)
    throw invalidInput("no leaf of the tree has this index");
  const aside: Hash[] = [];
  let [start, count] = [0, size];
  while (count > 1) {
    const left = leftOf(count);
    if (index < start + left) {
      aside.push(subtreeHash(start + left, count - left, nodes));
      count = left;
    } else {
      aside.push(subtreeHash(start, left, nodes));
      [start, count] = [start + left, count - left];
    }
  }
  return aside.reverse();
}

/**
 * PROOF(first, D[second]): what shows that the first tree is the beginning of the second; [] where first = 0 or
 * first = second. Throws MERKLE_INPUT_INVALID unless 0 ≤ first ≤ second, MERKLE_NODE_MISSING as inclusionProof does.
 */
export function consistencyProof(first: number, second: number, nodes: Nodes): Hash[] {
  if (!isSize(first) || !isSize(second) || first > second) throw invalidInput("a log's tree only grows");
  if (first === 0) return [];
  const aside: Hash[] = [];
  let [start, count] = [0, second];
  while (start + count !== first) {
    const left = leftOf(count);
    if (first <= start + left) {
      aside.push(subtreeHash(start + left, count - left, nodes));
      count = left;
    } else {
      aside.push(subtreeHash(start, left, nodes));
      [start, count] = [start + left, count - left];
    }
  }
  // A walk that never turned right ended on the first tree itself, whose root the verifier has.
  if (start > 0) aside.push(subtreeHash(start, count, nodes));
  return aside.reverse();
}

/** Leaves in the left part of a tree of `count` ≥ 2: the largest power of two below it. */
function leftOf(count: number): number {
  return largestFull(count - 1).width;
}
