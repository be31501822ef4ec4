// Generated from CollaborationEntry.avsc by scripts/generate-avro-types.ts. Edit the schema, then run the script.

import type { Departure } from "./Departure.ts";
import type { DocumentSignature } from "./DocumentSignature.ts";

/** One immutable version of a collaboration. */
export interface CollaborationEntry {
  /** Collaboration id. */
  id: string;
  /** From 1. */
  version: number;
  /** The document, canonical JSON; schemas/json/collaboration.schema.json. */
  document: string;
  /** One by every participating provider, and by every one of the version before that remains. */
  signatures: DocumentSignature[];
  /** Providers of the version before that need not sign. */
  departures: Departure[];
}
