/** The seed, match and spend leaves that an answer's bundle shows: where they stand in the log, and in which order. */
import type { LogEvidence } from "../../../schemas/json/evidence-bundle.ts";
import type { TrustedRegion } from "../../../schemas/json/trust.ts";
import { require } from "../../checklist.ts";
import { onlyGrown, placedLeaf, signedTree, type Tree } from "../../log.ts";

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

/** Both trees, once the log's signatures hold. */
export const signedTrees = ({ checkpoint, seed }: LogEvidence, region: TrustedRegion): Trees => ({
  newest: signedTree(checkpoint, region),
  seed: signedTree(seed.anchored, region),
});

/** The leaves' hashes, once all three stand where the bundle says. */
export const placedLeaves = ({ seed, match, spend }: LogEvidence, { newest }: Trees): PlacedLeaves => ({
  seed: placedLeaf("seed", seed, newest),
  match: placedLeaf("match", match, newest),
  spend: placedLeaf("spend", spend, newest),
});

/** Nothing was rewritten from the seed's anchor to the checkpoint's. */
export const grownSinceSeed = ({ chain }: LogEvidence, { newest, seed }: Trees): true =>
  onlyGrown(chain, { what: "seed", tree: seed }, newest);

/** Whoever drew the noise could not choose the seed after the match, nor the match after the noise. */
export function inOrder({ seed, match, spend }: LogEvidence, trees: Trees): true {
  require(seed.index < trees.seed.size, "The seed leaf came after the anchor that is shown for it.");
  require(match.index >= trees.seed.size, "The match was logged before the seed was anchored.");
  require(match.index < spend.index, "The spend was logged before the match.");
  return true;
}
