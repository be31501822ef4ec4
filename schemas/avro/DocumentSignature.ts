// Generated from DocumentSignature.avsc by scripts/generate-avro-types.ts. Edit the schema, then run the script.

/** A provider's signature over a document. */
export interface DocumentSignature {
  /** Provider id. */
  provider: string;
  /** Detached Ed25519 JWS. */
  signature: string;
}
