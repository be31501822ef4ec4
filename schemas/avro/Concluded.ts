// Generated from Concluded.avsc by scripts/generate-avro-types.ts. Edit the schema, then run the script.

/** A request has its one result: whoever counts what is under way may count it out. */
export interface Concluded {
  /** Id of the request. */
  requestId: string;
  /** SHA-256 of the request's document; of a record that nobody admitted signed, its own digest. */
  requestDigest: string;
}
