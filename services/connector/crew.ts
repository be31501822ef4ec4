/**
 * A pipeline's workers in one host: each reads the topics of the owners that the pipeline knows of, and follows them as they
 * come and go.
 */
import type { StageWorker } from "../../runtime/kafka/stage-worker.ts";

export class Crew {
  readonly #fail: (error: unknown) => void;
  readonly #workers: StageWorker<never, never>[] = [];
  readonly #owners = new Map<string, readonly string[]>();

  constructor(fail: (error: unknown) => void) {
    this.#fail = fail;
  }

  add(worker: StageWorker<never, never>): void {
    this.#workers.push(worker);
  }

  /** Who has topics of its own now, of one kind. */
  readonly setOwners = (kind: string, ids: readonly string[]): void => {
    this.#owners.set(kind, ids);
    for (const worker of this.#workers) worker.start(this.#owners).catch(this.#fail);
  };

  /** Resolves when every worker has joined its group. */
  async start(): Promise<void> {
    await Promise.all(this.#workers.map((worker) => worker.start(this.#owners)));
  }

  async stop(): Promise<void> {
    await Promise.all(this.#workers.map((worker) => worker.stop()));
  }
}
