// Generated from PopulationEntry.avsc by scripts/generate-avro-types.ts. Edit the schema, then run the script.

import type { Departure } from "./Departure.ts";
import type { DocumentSignature } from "./DocumentSignature.ts";

/** One immutable version of a population. */
export interface PopulationEntry {
  /** Population id. */
  id: string;
  /** From 1. */
  version: number;
  /** The document, canonical JSON; schemas/json/population.schema.json. */
  document: string;
  /** One by every provider of a dataset, and by every one of the version before that remains. */
  signatures: DocumentSignature[];
  /** Providers of the version before that need not sign. */
  departures: Departure[];
}
