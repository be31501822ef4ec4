/**
 * RFC 9162 sections 2.1.3.2 and 2.1.4.2, checking a log's proofs (the hashes are RFC 6962's).
 *
 * Promises: false, and never an exception, for whatever is malformed: an index at or beyond the size, numbers that are no safe
 * integers, proofs too short or too long, hashes in any other spelling.
 * Does not: bind a size to a root. By the RFC's hashing one proof fits every size that gives the leaf's path the same shape, so
 * the caller takes size and root together from what the log signed or anchored, never the size from the proof's giver.
 */
import { EMPTY_ROOT, type Hash, isHash, nodeHash } from "./hash.ts";
import { half, isOdd, isSize, largestFull } from "./tree.ts";

/** More than any proof has: a tree of safe size has 53 levels, and a consistency proof may hold one hash more. */
const PROOF_LENGTH_MAX = 54;

/** A node on the way up and the last node on its level: the RFC's fn and sn. */
interface Position {
  readonly node: number;
  readonly last: number;
}

/** Whether `leaf` stands at `index` in the tree of `size` leaves under `root`. */
export function verifyInclusion(
  leaf: Hash,
  index: number,
  size: number,
  proof: readonly Hash[],
  root: Hash,
): boolean {
  if (!isHash(leaf) || !isHash(root) || !isProof(proof)) return false;
  if (!isSize(index) || !isSize(size) || index >= size) return false;
  let position: Position = { node: index, last: size - 1 };
  let hash = leaf;
  for (const sibling of proof) {
    if (position.last === 0) return false;
    hash = siblingIsLeft(position) ? nodeHash(sibling, hash) : nodeHash(hash, sibling);
    position = above(position);
  }
  return position.last === 0 && hash === root;
}

/**
 * Whether the tree of `first` leaves under `firstRoot` is the beginning of the one of `second` leaves under `secondRoot`. The
 * empty tree, whose root is EMPTY_ROOT, begins every tree, without a proof.
 */
export function verifyConsistency(
  first: number,
  firstRoot: Hash,
  second: number,
  secondRoot: Hash,
  proof: readonly Hash[],
): boolean {
  if (!isHash(firstRoot) || !isHash(secondRoot) || !isProof(proof)) return false;
  if (!isSize(first) || !isSize(second) || first > second) return false;
  if (first === 0 && firstRoot !== EMPTY_ROOT) return false;
  if (first === second) return firstRoot === secondRoot && proof.length === 0;
  if (first === 0) return proof.length === 0;
  return growsInto(first, firstRoot, second, secondRoot, proof);
}

/** Section 2.1.4.2 for 0 < first < second: both roots, put together out of one path. */
function growsInto(
  first: number,
  firstRoot: Hash,
  second: number,
  secondRoot: Hash,
  proof: readonly Hash[],
): boolean {
  // A full first tree is a node of the second, and its root is left out of the proof.
  const [start, ...path] = largestFull(first).width === first ? [firstRoot, ...proof] : proof;
  if (start === undefined) return false;
  let position: Position = { node: first - 1, last: second - 1 };
  while (isOdd(position.node)) position = up(position);
  let [before, after] = [start, start];
  for (const sibling of path) {
    if (position.last === 0) return false;
    if (siblingIsLeft(position)) {
      before = nodeHash(sibling, before);
      after = nodeHash(sibling, after);
    } else {
      after = nodeHash(after, sibling);
    }
    position = above(position);
  }
  return position.last === 0 && before === firstRoot && after === secondRoot;
}

/** A last node without a sibling has moved up to where it is a right child. */
function siblingIsLeft({ node, last }: Position): boolean {
  return isOdd(node) || node === last;
}

/** The parent, past the levels on which a last node had no sibling. */
function above(position: Position): Position {
  let below = position;
  if (siblingIsLeft(position)) while (!isOdd(below.node) && below.node !== 0) below = up(below);
  return up(below);
}

function up({ node, last }: Position): Position {
  return { node: half(node), last: half(last) };
}

/** Proofs come from outside; holes in an array are seen as undefined. */
function isProof(proof: unknown): boolean {
  return Array.isArray(proof) && proof.length <= PROOF_LENGTH_MAX && Array.from<unknown>(proof).every(isHash);
}
