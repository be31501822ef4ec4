// Generated from BudgetState.avsc by scripts/generate-avro-types.ts. Edit the schema, then run the script.

import type { BudgetWindow } from "./BudgetWindow.ts";

/** Where a population's budget stands at a home, after its latest charge. */
export interface BudgetState {
  /** Population id. */
  population: string;
  /** Version of its document that was charged under. */
  version: number;
  /** SHA-256 of that document, in hexadecimal digits. */
  digest: string;
  /** Number of the charge, from 1. */
  sequence: number;
  /** When it was charged, in milliseconds since 1970. */
  time: number;
  /** ε spent so far, a fraction; what was carried over is in it. */
  epsilon: string;
  /** δ spent so far, a fraction. */
  delta: string;
  /** What was spent within each window that ends with the charge. */
  windows: BudgetWindow[];
}
