// Generated from match-leaf.schema.json by scripts/generate-json-types.ts. Edit the schema, then run the script.

/**
 * Log leaf: what was matched for a request is committed to before noise is drawn.
 */
export interface MatchLeaf {
  type: "pavilion/match-leaf";
  /**
   * The home that answers, whose log this is.
   */
  home: string;
  /**
   * Digest of the request.
   */
  request: string;
  /**
   * Collaboration id.
   */
  collaboration: string;
  /**
   * Its version.
   */
  version: number;
  /**
   * Matching epoch.
   */
  epoch: number;
  /**
   * The datasets in slot order, as of which it was matched.
   *
   * @minItems 2
   * @maxItems 16
   */
  datasets: HeadRef[];
  /**
   * Commitment of the noise seed that the request names.
   */
  seed: string;
  /**
   * Every group, in the plan's order.
   *
   * @minItems 1
   * @maxItems 260
   */
  groups: GroupCommitment[];
  /**
   * Digest of the salted lists of matched leaves and the blindings, for a matching auditor.
   */
  preimage: string;
  /**
   * 256 bits that keep the leaf from being guessed.
   */
  salt: string;
}
/**
 * A dataset at a head.
 */
export interface HeadRef {
  /**
   * Provider.
   */
  provider: string;
  /**
   * Dataset.
   */
  dataset: string;
  /**
   * Number of the batch that made the head.
   */
  sequence: number;
  /**
   * Digest of the batch's manifest.
   */
  head: string;
}
/**
 * A group's re-randomised aggregate commitment.
 */
export interface GroupCommitment {
  /**
   * Index of the grouping.
   */
  grouping: number;
  /**
   * Index of the category.
   */
  category: number;
  /**
   * Affine x then y.
   */
  commitment: string;
}
