/**
 * What happens on Ctrl-C: the parts are killed, what was made is removed, and the process ends as by the signal.
 */
import { constants } from "node:os";
import { killParts } from "../../infra/embedded/process.ts";

const signals = ["SIGINT", "SIGTERM", "SIGHUP"] as const;

/** `clean` runs, synchronously, after the parts are dead. The returned function ends the watch. */
export function onInterrupt(clean: () => void): () => void {
  const stop = (signal: NodeJS.Signals): void => {
    console.error(`pavilion: stopped by ${signal}`);
    killParts();
    clean();
    process.exit(128 + constants.signals[signal]);
  };
  for (const signal of signals) process.on(signal, stop);
  return () => {
    for (const signal of signals) process.off(signal, stop);
  };
}
