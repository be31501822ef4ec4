/**
 * One worker thread that makes proofs one after the other. What it was asked for fails where the thread ends, and the next
 * task starts another.
 */
import { Worker } from "node:worker_threads";
import { PavilionError } from "../../errors/errors.ts";
import type { Answer, Kind, Kinds, ProverKeys, Task } from "./tasks.ts";

/** Tasks under way or waiting; one more is refused. At about half a second for a circuit's proof, some two minutes' work. */
const WAITING_MAX = 256;

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

  constructor({ wasm, zkey, verificationKey }: ProverKeys) {
    this.#keys = { wasm, zkey, verificationKey };
  }

  /** Rejects with PROOF_FAILED, or with PROVER_UNAVAILABLE where it could not be tried to the end. */
  make<K extends Kind>(kind: K, input: Kinds[K]["takes"]): Promise<Kinds[K]["gives"]> {
    if (this.#isClosed) return Promise.reject(unavailable("The prover was closed."));
    if (this.#waiting.size >= WAITING_MAX) return Promise.reject(unavailable("Too many proofs are waiting."));
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
    worker.on("message", (answer: Answer) => {
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

  #answer({ id, made }: Answer): void {
    const waiting = this.#waiting.get(id);
    this.#waiting.delete(id);
    if (made === undefined)
      waiting?.reject(new PavilionError("PROOF_FAILED", "The opening does not match the statement."));
    else waiting?.resolve(made as never);
  }

  #failAll(message: string): void {
    for (const { reject } of this.#waiting.values()) reject(unavailable(message));
    this.#waiting.clear();
  }
}

function unavailable(message: string): PavilionError {
  return new PavilionError("PROVER_UNAVAILABLE", message);
}
