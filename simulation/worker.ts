/**
 * A thread that plays runs one after another: the seeds that it is sent, with the mutant that is named.
 */
import { parentPort } from "node:worker_threads";
import { run, type Outcome } from "./scenario.ts";
import { scenarios } from "./scenarios.ts";

export interface Task {
  readonly pipeline: string;
  readonly seed: number;
  readonly mutant?: string;
}

export type Played = Task & Outcome;

parentPort?.on("message", (task: Task) => {
  const scenario = scenarios.get(task.pipeline);
  if (scenario === undefined) throw new Error(`no scenario of ${task.pipeline}`);
  void run(scenario, task.seed, task.mutant).then((outcome) => {
    parentPort?.postMessage({ ...task, ...outcome } satisfies Played);
  });
});
