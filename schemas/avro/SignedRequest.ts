// Generated from SignedRequest.avsc by scripts/generate-avro-types.ts. Edit the schema, then run the script.

/** A question as the Core Broker publishes it. */
export interface SignedRequest {
  /** The document's id, a UUID. */
  requestId: string;
  /** The request document, RFC 8785 canonical JSON; its schema is schemas/json/request.schema.json. */
  document: string;
  /** Detached Ed25519 JWS by the broker over the document, typ `pavilion-request+jws`. */
  signature: string;
  /** Anchored commitment of the noise seed; null until seeds are anchored. */
  seedCommitment: string | null;
}
