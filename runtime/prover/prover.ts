/**
 * Makes the proofs of a release in one worker thread, so that the event loop stays free: those of a circuit, and those of what
 * a part of a release does not open.
 *
 * Promises that a circuit's proof which is handed out was verified, that nothing about a witness stands in an error or an output,
 * and that after `close` nothing is left alive. A thread that ends unasked fails what it had to do; the next proof starts another.
 *
 * Codes: CIRCUIT_MISMATCH at opening; PROOF_FAILED for a proof, PROOF_INTERRUPTED where the thread ended over it, PROVER_UNAVAILABLE where it was not
 * begun.
 */
import type { Represented, Representation } from "../../crypto/commitment/commitment.ts";
import { type Proof, type VerificationKey, readVerificationKey } from "../../crypto/groth16/verify.ts";
import { type Artifacts, mismatch, readArtifacts } from "./artifacts.ts";
import { ProvingThread } from "./proving-thread.ts";
import type { CircuitTask } from "./tasks.ts";

/** A circuit, and how what is to be proven becomes its inputs and public signals. */
export interface Circuit<T> {
  /** What its artifacts are called. */
  readonly name: string;
  /** Of the artifacts, with a slash at the end. */
  readonly folder: URL;
  readonly inputsOf: (input: T) => CircuitTask["inputs"];
  readonly signalsOf: (input: T) => readonly bigint[];
}

/**
 * Proofs are made one after the other. Each rejects with PROOF_FAILED where what it is given does not fit, with PROOF_INTERRUPTED where
 * the thread ended over it, and with PROVER_UNAVAILABLE where the thread ended before it.
 */
export interface Prover<T> {
  /** How the keys were made; "development" is for development. */
  readonly setup: string;
  readonly verificationKey: VerificationKey;
  /** A proof of the circuit. */
  readonly prove: (input: T) => Promise<Proof>;
  /** As crypto/commitment has it: the same input gives the same bytes. */
  readonly represent: (input: Representation) => Promise<Represented>;
  /** Ends the thread. What is under way or comes later rejects with PROVER_UNAVAILABLE. */
  readonly close: () => Promise<void>;
}

/** Opens the prover over a circuit's artifacts. Throws CIRCUIT_MISMATCH. */
export async function openProver<T>({ name, folder, inputsOf, signalsOf }: Circuit<T>): Promise<Prover<T>> {
  const artifacts = await readArtifacts(folder, name);
  const verificationKey = keyOf(artifacts);
  const thread = new ProvingThread(artifacts);
  return {
    setup: artifacts.setup,
    verificationKey,
    prove: async (input) => thread.make("circuit", { inputs: inputsOf(input), signals: signalsOf(input) }),
    represent: (input) => thread.make("representation", input),
    close: () => thread.close(),
  };
}

function keyOf({ verificationKey }: Artifacts): VerificationKey {
  try {
    return readVerificationKey(verificationKey);
  } catch (cause) {
    throw mismatch("verification-key.json holds no key that can be used", cause);
  }
}
