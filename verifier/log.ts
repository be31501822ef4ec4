/**
 * The region's log: checkpoints that its key signed, leaves that stand under them, and one that is the beginning of the
 * other.
 */
import { verifyCheckpoint } from "../crypto/checkpoint/checkpoint.ts";
import { leafHash, verifyConsistency, verifyInclusion } from "../crypto/merkle/merkle.ts";
import { canonicalBytes } from "../crypto/jws/canonical.ts";
import type { EvidenceBundleDocument } from "../schemas/json/evidence-bundle.ts";
import type { TrustedRegion } from "../schemas/json/trust.ts";
import { require } from "./checklist.ts";
import { rawKey } from "./trust.ts";

/** A log's tree as its key signed it. */
export interface Tree {
  readonly size: number;
  readonly root: string;
}

export interface Trees {
  /** The checkpoint's, under which the leaves stand. */
  readonly newest: Tree;
  /** With which the seed was anchored. */
  readonly seed: Tree;
}

/** Hashes of leaves that stand in the log. */
export interface PlacedLeaves {
  readonly seed: string;
  readonly match: string;
  readonly spend: string;
}

/** Lines of a checkpoint that its log alone has signed: origin, size, root, none, signature, and the end. */
const LINES = 6;

/** Whether a checkpoint has one signature: a note may carry more, by keys that nobody here knows. */
export const isSignedAlone = (note: string): boolean => note.split("\n", LINES + 1).length === LINES;

/** Both trees, once the log's signatures hold. */
export function signedTrees({ log }: EvidenceBundleDocument, { origin, logKey }: TrustedRegion): Trees {
  const expected = { origin, publicKey: rawKey(logKey) };
  const tree = (note: string): Tree => {
    require(isSignedAlone(note), "A checkpoint has other lines than its log's own.");
    return verifyCheckpoint(note, expected);
  };
  return { newest: tree(log.checkpoint), seed: tree(log.seed.anchored) };
}

/** The leaves' hashes, once all three stand where the bundle says. */
export function placedLeaves(
  { log: { seed, match, spend } }: EvidenceBundleDocument,
  { newest }: Trees,
): PlacedLeaves {
  const hashes: PlacedLeaves = {
    seed: leafHash(canonicalBytes(seed.leaf)),
    match: leafHash(canonicalBytes(match.leaf)),
    spend: leafHash(canonicalBytes(spend.leaf)),
  };
  const stands = (leaf: string, { index, proof }: { index: number; proof: string[] }): boolean =>
    verifyInclusion(leaf, index, newest.size, proof, newest.root);
  require(stands(hashes.seed, seed), "The seed leaf is not in the log.");
  require(stands(hashes.match, match), "The match leaf is not in the log.");
  require(stands(hashes.spend, spend), "The spend leaf is not in the log.");
  return hashes;
}

/** Each anchored tree is the beginning of the next, from the seed's anchor to the checkpoint's. */
export function onlyGrown({ log }: EvidenceBundleDocument, { newest, seed }: Trees): true {
  const { links } = log.chain;
  require(isTree(links[0], seed), "The first anchor is not that of the seed.");
  require(isTree(links.at(-1), newest), "The last anchor is not that of the checkpoint.");
  for (const [index, { size, root, consistency }] of links.entries()) {
    const before = links[index - 1];
    const isBeginning =
      before === undefined
        ? consistency.length === 0
        : verifyConsistency(before.size, before.root, size, root, consistency);
    require(isBeginning, `Anchor ${String(index)} does not go on from the one before.`);
  }
  return true;
}

const isTree = (link: Tree | undefined, tree: Tree): boolean =>
  link?.size === tree.size && link.root === tree.root;

/** Whoever drew the noise could not choose the seed after the match, nor the match after the noise. */
export function inOrder({ log: { seed, match, spend } }: EvidenceBundleDocument, trees: Trees): true {
  require(seed.index < trees.seed.size, "The seed leaf came after the anchor that is shown for it.");
  require(match.index >= trees.seed.size, "The match was logged before the seed was anchored.");
  require(match.index < spend.index, "The spend was logged before the match.");
  return true;
}
