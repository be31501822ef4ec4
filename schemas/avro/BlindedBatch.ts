// Generated from BlindedBatch.avsc by scripts/generate-avro-types.ts. Edit the schema, then run the script.

/** A receiver's blinded identifiers (RFC 9497 Blind). */
export interface BlindedBatch {
  /** Blinded batch header, canonical JSON. */
  header: string;
  /** Detached JWS by the receiver, typ `pavilion-blinded-batch+jws`. */
  signature: string;
  /** ristretto255 elements, 32 bytes each. */
  elements: Buffer[];
}
