/**
 * Makes proofs of a circuit in one worker thread, so that the event loop stays free.
 *
 * Promises that a proof which is handed out was verified, that nothing about a witness stands in an error or an output, and
 * that after `close` nothing is left alive. A thread that ends unasked fails what it had to do; the next proof starts another.
 *
 * Codes: CIRCUIT_MISMATCH at opening; PROOF_FAILED for a proof, PROVER_UNAVAILABLE where none could be tried to the end.
 */
import { Worker } from "node:worker_threads";
import { type Proof, type VerificationKey, readVerificationKey } from "../../crypto/groth16/verify.ts";
import { PavilionError } from "../../errors/errors.ts";
import { type Artifacts, mismatch, readArtifacts } from "./artifacts.ts";
import type { ProofAnswer, ProofTask, ProverKeys } from "./worker.ts";

/** Proofs under way or waiting; one more is refused. At about half a second each, some two minutes' work. */
const WAITING_MAX = 256;

/** A circuit, and how what is to be proven becomes its inputs and public signals. */
export interface Circuit<T> {
  /** What its artifacts are called. */
  readonly name: string;
  /** Of the artifacts, with a slash at the end. */
  readonly folder: URL;
  readonly inputsOf: (input: T) => ProofTask["inputs"];
  readonly signalsOf: (input: T) => readonly bigint[];
}

export interface Prover<T> {
  /** How the keys were made; "development" is for development. */
  readonly setup: string;
  readonly verificationKey: VerificationKey;
  /**
   * Proofs are made one after the other. Rejects with PROOF_FAILED where the opening does not fit the statement, with
   * PROVER_UNAVAILABLE where the thread ended or too many proofs wait.
   */
  readonly prove: (input: T) => Promise<Proof>;
  /** Ends the thread. What is under way or comes later rejects with PROVER_UNAVAILABLE. */
  readonly close: () => Promise<void>;
}

interface Waiting {
  readonly resolve: (proof: Proof) => void;
  readonly reject: (error: PavilionError) => void;
}

/** Opens the prover over a circuit's artifacts. Throws CIRCUIT_MISMATCH. */
export async function openProver<T>({ name, folder, inputsOf, signalsOf }: Circuit<T>): Promise<Prover<T>> {
  const artifacts = await readArtifacts(folder, name);
  const verificationKey = keyOf(artifacts);
  const thread = new ProverThread(artifacts);
  return {
    setup: artifacts.setup,
    verificationKey,
    prove: async (input) => thread.prove(inputsOf(input), signalsOf(input)),
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

class ProverThread {
  readonly #keys: ProverKeys;
  readonly #waiting = new Map<number, Waiting>();
  #worker: Worker | undefined;
  #lastId = 0;
  #isClosed = false;

  constructor(keys: ProverKeys) {
    this.#keys = keys;
  }

  prove(inputs: ProofTask["inputs"], signals: readonly bigint[]): Promise<Proof> {
    if (this.#isClosed) return Promise.reject(unavailable("The prover was closed."));
    if (this.#waiting.size >= WAITING_MAX) return Promise.reject(unavailable("Too many proofs are waiting."));
    const worker = (this.#worker ??= this.#start());
    const task: ProofTask = { id: ++this.#lastId, inputs, signals };
    return new Promise((resolve, reject) => {
      this.#waiting.set(task.id, { resolve, reject });
      worker.postMessage(task);
    });
  }

  async close(): Promise<void> {
    this.#isClosed = true;
    await this.#worker?.terminate();
    this.#failAll("The prover was closed.");
  }

  /** Its output is thrown away: snarkjs reports a witness that does not fit on the console. */
  #start(): Worker {
    const { wasm, zkey, verificationKey } = this.#keys;
    const workerData: ProverKeys = { wasm, zkey, verificationKey };
    const worker = new Worker(new URL("./worker.ts", import.meta.url), {
      workerData,
      stdout: true,
      stderr: true,
    });
    worker.stdout.resume();
    worker.stderr.resume();
    worker.on("message", (answer: ProofAnswer) => {
      this.#answer(answer);
    });
    // After an error comes the exit, which does what there is to do.
    worker.on("error", () => undefined);
    worker.once("exit", () => {
      if (this.#worker === worker) this.#worker = undefined;
      this.#failAll("The prover's thread ended.");
    });
    return worker;
  }

  #answer({ id, proof }: ProofAnswer): void {
    const waiting = this.#waiting.get(id);
    this.#waiting.delete(id);
    if (proof === undefined)
      waiting?.reject(new PavilionError("PROOF_FAILED", "The opening does not match the statement."));
    else waiting?.resolve(proof);
  }

  #failAll(message: string): void {
    for (const { reject } of this.#waiting.values()) reject(unavailable(message));
    this.#waiting.clear();
  }
}

function unavailable(message: string): PavilionError {
  return new PavilionError("PROVER_UNAVAILABLE", message);
}
