// Generated from Departure.avsc by scripts/generate-avro-types.ts. Edit the schema, then run the script.

/** A provider of the version before that is one no more. */
export interface Departure {
  /** Provider id. */
  provider: string;
  /** Its own detached JWS over the departure; schemas/json/departure.schema.json. Null where the operator removed it. */
  signature: string | null;
  /** Why the operator removed it. Null where it left. */
  reason: string | null;
}
