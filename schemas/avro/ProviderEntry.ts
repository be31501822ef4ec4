// Generated from ProviderEntry.avsc by scripts/generate-avro-types.ts. Edit the schema, then run the script.

/** A provider that the operator admitted. */
export interface ProviderEntry {
  /** Provider id. */
  provider: string;
  /** False once it is revoked. */
  admitted: boolean;
}
