/**
 * Runs spread over threads, one a core. Virtual time takes the place of a thread's own, so it stays out of this one.
 */
import { availableParallelism } from "node:os";
import { Worker } from "node:worker_threads";
import type { Played, Task } from "./worker.ts";

/** Plays every task; `played` hears of each as it ends, and says whether to go on. */
export async function playAll(tasks: Iterable<Task>, played: (outcome: Played) => boolean): Promise<void> {
  const left = tasks[Symbol.iterator]();
  let goesOn = true;
  const thread = async (): Promise<void> => {
    const worker = new Worker(new URL("worker.ts", import.meta.url));
    try {
      await new Promise<void>((resolve, reject) => {
        const next = (): void => {
          const task = goesOn ? left.next() : { done: true as const, value: undefined };
          if (task.done === true) resolve();
          else worker.postMessage(task.value);
        };
        worker.on("message", (outcome: Played) => {
          goesOn = played(outcome) && goesOn;
          next();
        });
        worker.on("error", reject);
        next();
      });
    } finally {
      await worker.terminate();
    }
  };
  await Promise.all(Array.from({ length: availableParallelism() }, thread));
}
