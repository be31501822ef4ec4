/**
 * One worker thread that makes proofs one after the other. What it was asked for fails where the thread ends, and the next
 * task starts another. How many wait is for whoever asks to bound: a stage has one under way in each of its partitions.
 */
import { Worker } from "node:worker_threads";
import { PavilionError } from "../../errors/errors.ts";
import {
  READY,
  type Answer,
  type Kind,
  type Kinds,
  type ProverKeys,
  type Ready,
  type Task,
} from "./tasks.ts";

interface Waiting {
  readonly resolve: (made: never) => void;
  readonly reject: (error: PavilionError) => void;
}

export class ProvingThread {
  readonly #keys: ProverKeys;
  readonly #waiting = new Map<number, Waiting>();
  #worker: Worker | undefined;
  #lastId = 0;
  #isClosed = false;
  /** Whether the thread has come so far as to begin a task. */
  #isReady = false;

  constructor({ wasm, zkey, verificationKey }: ProverKeys) {
    this.#keys = { wasm, zkey, verificationKey };
  }

  /** Rejects with PROOF_FAILED, PROOF_INTERRUPTED where the thread ended over it, or PROVER_UNAVAILABLE where it was not begun. */
  make<K extends Kind>(kind: K, input: Kinds[K]["takes"]): Promise<Kinds[K]["gives"]> {
    if (this.#isClosed) return Promise.reject(unavailable("The prover was closed."));
    const worker = (this.#worker ??= this.#start());
    const task: Task<K> = { id: ++this.#lastId, kind, input };
    return new Promise((resolve, reject) => {
      this.#waiting.set(task.id, { resolve, reject });
      worker.postMessage(task);
    });
  }

  /** What is under way or comes later rejects with PROVER_UNAVAILABLE. */
  async close(): Promise<void> {
    this.#isClosed = true;
    await this.#worker?.terminate();
    this.#failAll("The prover was closed.");
  }

  /** Its output is thrown away: a library might report what it is given on the console. */
  #start(): Worker {
    const worker = new Worker(new URL("./worker.ts", import.meta.url), {
      workerData: this.#keys,
      stdout: true,
      stderr: true,
    });
    worker.stdout.resume();
    worker.stderr.resume();
    this.#isReady = false;
    worker.on("message", (message: Answer | Ready) => {
      if (message === READY) this.#isReady = true;
      else this.#answer(message);
    });
    // After an error comes the exit, which does what there is to do.
    worker.on("error", () => undefined);
    worker.once("exit", () => {
      if (this.#worker === worker) this.#worker = undefined;
      if (this.#isReady && !this.#isClosed) this.#failFirst();
      this.#failAll("The prover's thread ended.");
    });
    return worker;
  }

  #answer({ id, made }: Answer): void {
    const waiting = this.#waiting.get(id);
    this.#waiting.delete(id);
    if (made === undefined)
      waiting?.reject(new PavilionError("PROOF_FAILED", "The opening does not match the statement."));
    else waiting?.resolve(made as never);
  }

  /** The oldest task is the one that the thread was at: it may have ended over it. */
  #failFirst(): void {
    const [first] = this.#waiting;
    if (first === undefined) return;
    const [id, { reject }] = first;
    this.#waiting.delete(id);
    reject(new PavilionError("PROOF_INTERRUPTED", "The prover's thread ended while it made the proof."));
  }

  #failAll(message: string): void {
    for (const { reject } of this.#waiting.values()) reject(unavailable(message));
    this.#waiting.clear();
  }
}

function unavailable(message: string): PavilionError {
  return new PavilionError("PROVER_UNAVAILABLE", message);
}
