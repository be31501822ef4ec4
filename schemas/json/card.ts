// Generated from card.schema.json by scripts/generate-json-types.ts. Edit the schema, then run the script.

/**
 * Who a party is: what it hands to a region's operator, and to whoever pins its key.
 */
export interface Card {
  type: "pavilion/card";
  /**
   * What it takes part as.
   */
  role: "provider" | "broker";
  /**
   * Its id, in every document.
   */
  id: string;
  /**
   * Ed25519 public key, 32 bytes, base64url.
   */
  key: string;
}
