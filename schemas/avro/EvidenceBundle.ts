// Generated from EvidenceBundle.avsc by scripts/generate-avro-types.ts. Edit the schema, then run the script.

/** The evidence of one result. */
export interface EvidenceBundle {
  /** The id the broker chose. */
  requestId: string;
  /** Digest of the request document. */
  requestDigest: string;
  /** The tenant that asked. */
  tenant: string;
  /** The bundle, canonical JSON; schemas/json/evidence-bundle.schema.json. */
  text: string;
}
