// Generated from trust.schema.json by scripts/generate-json-types.ts. Edit the schema, then run the script.

/**
 * What an auditor takes as given: roots come from here, never from a bundle.
 */
export interface Trust {
  type: "pavilion/trust";
  chain: TrustedChain;
  /**
   * Hash of the block at which the contract's state is believed; --block overrides it.
   */
  block: string | null;
  /**
   * Regions.
   *
   * @minItems 1
   * @maxItems 64
   */
  regions: TrustedRegion[];
  /**
   * Brokers.
   *
   * @minItems 1
   * @maxItems 256
   */
  brokers: TrustedBroker[];
  /**
   * Providers.
   *
   * @minItems 1
   * @maxItems 256
   */
  providers: TrustedProvider[];
  /**
   * Populations.
   *
   * @maxItems 256
   */
  populations: TrustedPopulation[];
  /**
   * Verification keys.
   *
   * @minItems 1
   * @maxItems 16
   */
  circuits: TrustedCircuit[];
  /**
   * Policies.
   *
   * @minItems 1
   * @maxItems 64
   *
   * Items: SHA-256 of a policy.
   */
  policies: string[];
}
/**
 * The chain that holds the anchors.
 */
export interface TrustedChain {
  /**
   * Chain id.
   */
  id: number;
  /**
   * AnchorRegistry contract.
   */
  contract: string;
  /**
   * True for a chain that anybody can make: it proves nothing to outsiders.
   */
  development: boolean;
}
/**
 * A region's connector.
 */
export interface TrustedRegion {
  /**
   * Region.
   */
  region: string;
  /**
   * Jurisdiction.
   */
  jurisdiction: string;
  /**
   * Origin of its log.
   */
  origin: string;
  /**
   * Ed25519 key, raw, base64url.
   */
  logKey: string;
  /**
   * Address that anchors its log.
   */
  anchorer: string;
  /**
   * did:key that signs its credentials.
   */
  issuer: string;
}
/**
 * A broker.
 */
export interface TrustedBroker {
  /**
   * Id.
   */
  id: string;
  /**
   * Ed25519 key, raw, base64url.
   */
  key: string;
}
/**
 * A provider.
 */
export interface TrustedProvider {
  /**
   * Id.
   */
  id: string;
  /**
   * Ed25519 key, raw, base64url.
   */
  key: string;
}
/**
 * A population, by the versions of its document.
 */
export interface TrustedPopulation {
  /**
   * Id.
   */
  id: string;
  /**
   * Every version that spends may name.
   *
   * @minItems 1
   * @maxItems 4096
   *
   * Items: SHA-256 of a version's document, in hexadecimal digits.
   */
  digests: string[];
}
/**
 * A verification key.
 */
export interface TrustedCircuit {
  /**
   * SHA-256 of its file.
   */
  sha256: string;
  /**
   * Whether many parties, or one developer, made it: who makes a set-up alone can forge proofs.
   */
  setup: "ceremony" | "development";
}
