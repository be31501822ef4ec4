/**
 * What a proving thread is asked for, by kind, and what comes of it. All of it is plain values, which cross to the thread as they are.
 */
import type { Represented, Representation } from "../../crypto/commitment/commitment.ts";
import type { Proof } from "../../crypto/groth16/verify.ts";

/** A proof of the thread's circuit. */
export interface CircuitTask {
  /** The circuit's inputs by name, decimal. */
  readonly inputs: Readonly<Record<string, string | string[]>>;
  /** The public signals that the proof has to hold for. */
  readonly signals: readonly bigint[];
}

export interface Kinds {
  readonly circuit: { readonly takes: CircuitTask; readonly gives: Proof };
  readonly representation: { readonly takes: Representation; readonly gives: Represented };
}

export type Kind = keyof Kinds;

export interface Task<K extends Kind = Kind> {
  readonly id: number;
  readonly kind: K;
  readonly input: Kinds[K]["takes"];
}

export interface Answer {
  readonly id: number;
  /** None where nothing holds that could be proven. */
  readonly made: Kinds[Kind]["gives"] | undefined;
}

/** What a thread says once it can begin. */
export const READY = "ready";
export type Ready = typeof READY;

/** What a thread is started with: the artifacts of its circuit. */
export interface ProverKeys {
  readonly wasm: Uint8Array;
  readonly zkey: Uint8Array;
  readonly verificationKey: unknown;
}
