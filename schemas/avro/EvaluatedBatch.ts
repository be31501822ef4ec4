// Generated from EvaluatedBatch.avsc by scripts/generate-avro-types.ts. Edit the schema, then run the script.

/** The sender's evaluation (RFC 9497 BlindEvaluate, VOPRF). */
export interface EvaluatedBatch {
  /** Evaluated batch header, canonical JSON. */
  header: string;
  /** Detached JWS by the sender, typ `pavilion-evaluated-batch+jws`. */
  signature: string;
  /** ristretto255 elements, 32 bytes each, in the order asked. */
  elements: Buffer[];
  /** Batched DLEQ proof, 64 bytes. */
  proof: Buffer;
}
