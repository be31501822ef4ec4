// Generated from BrokerEntry.avsc by scripts/generate-avro-types.ts. Edit the schema, then run the script.

/** A broker's standing, as the operator decided it. A broker without an entry stands. */
export interface BrokerEntry {
  /** Broker id. */
  broker: string;
  /** The Ed25519 key of its card, raw, base64url: what is revoked asks under no other name; null where no card is known. */
  key: string | null;
  /** False once it is revoked. */
  admitted: boolean;
}
