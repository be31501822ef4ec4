/**
 * The region's log: checkpoints that its key signed, leaves that stand under them, and one that is the beginning of the
 * other.
 */
import { verifyCheckpoint } from "../crypto/checkpoint/checkpoint.ts";
import { leafHash, verifyConsistency, verifyInclusion } from "../crypto/merkle/merkle.ts";
import { canonicalBytes } from "../crypto/jws/canonical.ts";
import type { AnchorLink } from "../schemas/json/evidence-bundle.ts";
import type { TrustedRegion } from "../schemas/json/trust.ts";
import { require } from "./checklist.ts";
import { rawKey } from "./trust.ts";

/** A log's tree as its key signed it. */
export interface Tree {
  readonly size: number;
  readonly root: string;
}

/** Lines of a checkpoint that its log alone has signed: origin, size, root, none, signature, and the end. */
const LINES = 6;

/** Whether a checkpoint has one signature: a note may carry more, by keys that nobody here knows. */
export const isSignedAlone = (note: string): boolean => note.split("\n", LINES + 1).length === LINES;

/** The tree of a checkpoint, once the signature of the region's log holds. */
export function signedTree(note: string, { origin, logKey }: TrustedRegion): Tree {
  const publicKey = rawKey(logKey);
  require(isSignedAlone(note), "A checkpoint has lines that are not its log's own.");
  return verifyCheckpoint(note, { origin, publicKey });
}

/** A leaf with its place in the log, and what shows that it stands there. */
export interface Placed {
  readonly leaf: object;
  readonly index: number;
  readonly proof: readonly string[];
}

/** The hash of a leaf, 64 hex digits, once it stands in the tree where it is said to. `what` is for a person. */
export function placedLeaf(what: string, { leaf, index, proof }: Placed, { size, root }: Tree): string {
  const hash = leafHash(canonicalBytes(leaf));
  require(verifyInclusion(hash, index, size, proof, root), `The ${what} leaf is not in the log.`);
  return hash;
}

/** Each anchored tree is the beginning of the next, from that of the first leaf, `what` for a person, to the checkpoint's. */
export function onlyGrown(
  { links }: { readonly links: readonly AnchorLink[] },
  { what, tree: first }: { readonly what: string; readonly tree: Tree },
  newest: Tree,
): true {
  require(isTree(links[0], first), `The first anchor is not that of the ${what}.`);
  require(isTree(links.at(-1), newest), "The last anchor is not that of the checkpoint.");
  for (const [index, { size, root, consistency }] of links.entries()) {
    const before = links[index - 1];
    const isBeginning =
      before === undefined
        ? consistency.length === 0
        : verifyConsistency(before.size, before.root, size, root, consistency);
    require(isBeginning, `Anchor ${String(index)} does not continue the one before.`);
  }
  return true;
}

const isTree = (link: Tree | undefined, tree: Tree): boolean =>
  link?.size === tree.size && link.root === tree.root;
