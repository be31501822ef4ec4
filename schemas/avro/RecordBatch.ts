// Generated from RecordBatch.avsc by scripts/generate-avro-types.ts. Edit the schema, then run the script.

/** Sealed records that a provider pushes. */
export interface RecordBatch {
  /** The batch's manifest, canonical JSON; schemas/json/record-batch.schema.json. */
  header: string;
  /** Detached JWS by the provider over the dataset head that the manifest makes, typ `pavilion-dataset-head+jws`. */
  signature: string;
  /** HPKE encapsulated key, 65 bytes (RFC 9180, DHKEM(P-256)). */
  enc: Buffer;
  /** Ciphertexts in HPKE sequence; each opens to a MatchRecord. */
  records: Buffer[];
  /** One share of a Pedersen commitment per record, 64 bytes each: (8^-1 mod l) times the commitment, affine x then y, big-endian. */
  commitments: Buffer;
}
