// Generated from ProviderState.avsc by scripts/generate-avro-types.ts. Edit the schema, then run the script.

/** What a provider's agents keep for one another: sealed under a key of that provider's own, for nobody else. */
export interface ProviderState {
  /** AES-256-GCM: a nonce of 12 bytes, then ciphertext and tag, over a signed document; services/provider-agent/meter-record.ts. */
  sealed: Buffer;
}
