// Generated from region-card.schema.json by scripts/generate-json-types.ts. Edit the schema, then run the script.

/**
 * Which keys a region's HSM holds: what its operator hands out, and what the populations that it is a home of pin.
 */
export interface RegionCard {
  type: "pavilion/region-card";
  /**
   * The region.
   */
  region: string;
  /**
   * Where it lies.
   */
  jurisdiction: string;
  /**
   * HPKE key that records are sealed to: a P-256 point, uncompressed, base64url.
   */
  sealingKey: string;
  /**
   * Ed25519 key of its log, raw, base64url.
   */
  logKey: string;
}
