// Generated from AuditEvent.avsc by scripts/generate-avro-types.ts. Edit the schema, then run the script.

/** A decision or effect, for auditors. Holds no value, token, identifier or exact count. */
export interface AuditEvent {
  /** Tenant: a broker's tenant, or a provider. */
  tenant: string;
  /** Region. */
  region: string;
  /** Stage. */
  stage: string;
  /** What was done, such as `request.routed`. */
  action: string;
  /** The request, where there is one. */
  requestId: string | null;
  /** Its digest. */
  requestDigest: string | null;
  /** Error code of a refusal or rejection. */
  code: string | null;
  /** Fixed keys an action; policy reasons, bundle hash, spend. */
  details: Record<string, string>;
}
