// Generated from RequestRef.avsc by scripts/generate-avro-types.ts. Edit the schema, then run the script.

/** Names a request everywhere in the pipeline. The digest, not the id, is its identity: an id can be squatted, a digest cannot. */
export interface RequestRef {
  /** The id the broker chose, a UUID; the key of requests and results. */
  requestId: string;
  /** Lowercase hex SHA-256 of the canonical request document. */
  digest: string;
  /** The broker's tenant on whose behalf it asks; `unknown` where the request could not be read. */
  tenant: string;
  /** The broker whose key signed the request; `unknown` likewise. */
  broker: string;
  /** Id of the collaboration asked; empty likewise. */
  collaboration: string;
  /** Milliseconds since the epoch by which a result or an error is published. */
  deadline: number;
}
