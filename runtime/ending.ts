/**
 * How a process that serves ends when it is told to: in order where that can be done, and in any case soon, since leaving
 * Kafka in order takes a Kafka that answers.
 */
import { constants } from "node:os";

const signals = ["SIGINT", "SIGTERM", "SIGHUP"] as const;
const endWithinMs = 4_000;

/**
 * Aborted at the first signal to end. The process has four seconds from then, a second signal ends it at once; one that
 * has nothing left to do ends by itself before.
 */
export function endingBySignal(): AbortSignal {
  const ending = new AbortController();
  for (const signal of signals) {
    process.on(signal, () => {
      if (ending.signal.aborted) process.exit(128 + constants.signals[signal]);
      ending.abort();
      setTimeout(() => process.exit(0), endWithinMs).unref();
    });
  }
  return ending.signal;
}
