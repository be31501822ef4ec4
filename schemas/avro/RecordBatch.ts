// Generated from RecordBatch.avsc by scripts/generate-avro-types.ts. Edit the schema, then run the script.

/** Sealed records that a provider pushes. */
export interface RecordBatch {
  /** Record batch header, canonical JSON; schemas/json/record-batch.schema.json. */
  header: string;
  /** Detached JWS by the provider over the header, typ `pavilion-record-batch+jws`. */
  signature: string;
  /** HPKE encapsulated key, 65 bytes (RFC 9180, DHKEM(P-256)). */
  enc: Buffer;
  /** Ciphertexts in HPKE sequence; each opens to a MatchRecord. */
  records: Buffer[];
}
