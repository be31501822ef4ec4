// Generated from EpochKey.avsc by scripts/generate-avro-types.ts. Edit the schema, then run the script.

/** The sender's OPRF public key of an epoch. */
export interface EpochKey {
  /** Epoch key document, canonical JSON: collaboration, epoch, public key. */
  document: string;
  /** Detached JWS by the sender, typ `pavilion-epoch-key+jws`. */
  signature: string;
}
