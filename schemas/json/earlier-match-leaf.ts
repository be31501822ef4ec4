// Generated from earlier-match-leaf.schema.json by scripts/generate-json-types.ts. Edit the schema, then run the script.

/**
 * The datasets in slot order, as of which it was matched.
 *
 * @minItems 2
 * @maxItems 16
 */
export type Datasets = HeadRef[];
/**
 * Every group, in the plan's order.
 *
 * @minItems 1
 * @maxItems 260
 */
export type Groups = GroupCommitment[];

/**
 * A match leaf of the format before populations were documents of their own: read by audits of logs that began then.
 */
export interface EarlierMatchLeaf {
  type: "pavilion/match-leaf";
  /**
   * Region of the log.
   */
  region: string;
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
  datasets: Datasets;
  /**
   * Commitment of the noise seed that the request names.
   */
  seed: string;
  groups: Groups;
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
