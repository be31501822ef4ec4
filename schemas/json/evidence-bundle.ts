// Generated from evidence-bundle.schema.json by scripts/generate-json-types.ts. Edit the schema, then run the script.

/**
 * All that shows how one answer came about. Nothing in it lists records or gives an exact count.
 */
export interface EvidenceBundleDocument {
  type: "pavilion/evidence-bundle";
  version: 2;
  request: BundledRequest;
  collaboration: BundledCollaboration;
  population: BundledPopulation;
  /**
   * The datasets in slot order.
   *
   * @minItems 2
   * @maxItems 16
   */
  datasets: SignedHead[];
  policy: PolicyDecision;
  release: Release;
  /**
   * The result credential, compact JWS.
   */
  credential: string;
  log: LogEvidence;
}
/**
 * The request as its broker signed it.
 */
export interface BundledRequest {
  /**
   * request.schema.json.
   */
  document: {
    [k: string]: unknown;
  };
  /**
   * Detached JWS.
   */
  signature: string;
}
/**
 * The collaboration as its providers signed it.
 */
export interface BundledCollaboration {
  /**
   * collaboration.schema.json.
   */
  document: {
    [k: string]: unknown;
  };
  /**
   * One for each provider.
   *
   * @minItems 2
   * @maxItems 16
   */
  signatures: ProviderSignature[];
}
/**
 * A provider's signature.
 */
export interface ProviderSignature {
  /**
   * Provider.
   */
  provider: string;
  /**
   * Detached JWS.
   */
  signature: string;
}
/**
 * The population's document as its providers signed it, in the version that the spend was charged under.
 */
export interface BundledPopulation {
  /**
   * population.schema.json.
   */
  document: {
    [k: string]: unknown;
  };
  /**
   * One for each provider, in the order of its datasets.
   *
   * @minItems 1
   * @maxItems 256
   */
  signatures: ProviderSignature1[];
}
/**
 * A provider's signature.
 */
export interface ProviderSignature1 {
  /**
   * Provider.
   */
  provider: string;
  /**
   * Detached JWS.
   */
  signature: string;
}
/**
 * A dataset at its head, as its provider signed it.
 */
export interface SignedHead {
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
  /**
   * Detached JWS over the dataset head.
   */
  signature: string;
}
/**
 * The decision that let the question pass.
 */
export interface PolicyDecision {
  /**
   * SHA-256 of the policy.
   */
  bundle: string;
  /**
   * Region that decided.
   */
  region: string;
  /**
   * Its jurisdiction.
   */
  jurisdiction: string;
  allow: true;
}
/**
 * What was released, with its proofs.
 */
export interface Release {
  /**
   * SHA-256 of the verification key.
   */
  circuit: string;
  /**
   * Every group, in the plan's order.
   *
   * @minItems 1
   * @maxItems 260
   */
  groups: ReleasedGroup[];
}
/**
 * A group's noised statistics and their proofs; both empty where it was suppressed.
 */
export interface ReleasedGroup {
  /**
   * Index of the grouping.
   */
  grouping: number;
  /**
   * Index of the category.
   */
  category: number;
  /**
   * True where the noised count is below the minimum.
   */
  suppressed: boolean;
  /**
   * One noised value per statistic.
   *
   * @minItems 0
   * @maxItems 17
   */
  values: number[];
  /**
   * One a part.
   *
   * @minItems 0
   * @maxItems 8
   */
  proofs: PartProof[];
}
/**
 * Proof of the count and at most two more statistics.
 */
export interface PartProof {
  /**
   * Index of the part.
   */
  part: number;
  /**
   * Point of Baby Jubjub, affine x then y.
   */
  remainder: string;
  representation: Representation;
  proof: Groth16Proof;
}
/**
 * Schnorr proof that the remainder is over exactly the coordinates not asked for.
 */
export interface Representation {
  /**
   * Challenge.
   */
  challenge: string;
  /**
   * One a base.
   *
   * @minItems 1
   * @maxItems 40000
   *
   * Items: Response.
   */
  responses: string[];
}
/**
 * Groth16 over BN254.
 */
export interface Groth16Proof {
  /**
   * Two coordinates.
   *
   * @minItems 2
   * @maxItems 2
   *
   * Items: Decimal integer.
   */
  a: string[];
  /**
   * Point over the quadratic extension.
   *
   * @minItems 2
   * @maxItems 2
   */
  b: string[][];
  /**
   * Two coordinates.
   *
   * @minItems 2
   * @maxItems 2
   *
   * Items: Decimal integer.
   */
  c: string[];
}
/**
 * Where the leaves stand in the region's log, and that it is anchored.
 */
export interface LogEvidence {
  /**
   * Signed checkpoint (C2SP tlog-checkpoint).
   */
  checkpoint: string;
  match: PlacedMatch;
  spend: PlacedSpend;
  seed: PlacedSeed;
  chain: ChainEvidence;
}
/**
 * The match leaf.
 */
export interface PlacedMatch {
  /**
   * The leaf; schemas/json/match-leaf.schema.json.
   */
  leaf: {
    [k: string]: unknown;
  };
  /**
   * Place in the log.
   */
  index: number;
  /**
   * Inclusion proof under the checkpoint's root.
   *
   * @minItems 0
   * @maxItems 64
   *
   * Items: Hash.
   */
  proof: string[];
}
/**
 * The spend leaf.
 */
export interface PlacedSpend {
  /**
   * The leaf; schemas/json/spend-leaf.schema.json.
   */
  leaf: {
    [k: string]: unknown;
  };
  /**
   * Place in the log.
   */
  index: number;
  /**
   * Inclusion proof under the checkpoint's root.
   *
   * @minItems 0
   * @maxItems 64
   *
   * Items: Hash.
   */
  proof: string[];
}
/**
 * The seed leaf.
 */
export interface PlacedSeed {
  /**
   * The leaf; schemas/json/seed-leaf.schema.json.
   */
  leaf: {
    [k: string]: unknown;
  };
  /**
   * Place in the log.
   */
  index: number;
  /**
   * Inclusion proof under the checkpoint's root.
   *
   * @minItems 0
   * @maxItems 64
   *
   * Items: Hash.
   */
  proof: string[];
  /**
   * The signed checkpoint with which the seed was anchored.
   */
  anchored: string;
}
/**
 * The contract's state, proven at a block.
 */
export interface ChainEvidence {
  /**
   * Chain.
   */
  chainId: number;
  /**
   * AnchorRegistry contract.
   */
  contract: string;
  /**
   * Address whose state is this log's.
   */
  anchorer: string;
  /**
   * State before the first link.
   */
  before: string;
  /**
   * States from the seed's anchor to this checkpoint's, in order.
   *
   * @minItems 1
   * @maxItems 2000
   */
  links: AnchorLink[];
  /**
   * Number of the block of the proof.
   */
  block: number;
  /**
   * Its hash: look it up at a node of your own.
   */
  blockHash: string;
  /**
   * RLP bytes.
   */
  header: string;
  /**
   * Merkle Patricia proof of the contract's account.
   *
   * @minItems 1
   * @maxItems 64
   *
   * Items: RLP bytes.
   */
  accountProof: string[];
  /**
   * Merkle Patricia proof of the log's state.
   *
   * @minItems 1
   * @maxItems 64
   *
   * Items: RLP bytes.
   */
  storageProof: string[];
}
/**
 * A state that the contract took.
 */
export interface AnchorLink {
  /**
   * Root of the log.
   */
  root: string;
  /**
   * Leaves under it.
   */
  size: number;
  /**
   * Block time, seconds.
   */
  time: number;
  /**
   * Consistency proof from the link before; empty for the first.
   *
   * @minItems 0
   * @maxItems 64
   *
   * Items: Hash.
   */
  consistency: string[];
}
