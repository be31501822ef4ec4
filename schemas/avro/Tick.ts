// Generated from Tick.avsc by scripts/generate-avro-types.ts. Edit the schema, then run the script.

/** Recorded time: its broker timestamp is the only clock that stages have. Sent to every partition. */
export interface Tick {
  /** The connector process that sent it. */
  worker: string;
  /** The stages that process runs: the region's health. */
  stages: string[];
}
