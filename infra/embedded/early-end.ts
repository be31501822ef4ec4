/**
 * What happens when a command ends early, by Ctrl-C or because nobody reads its output any more: the parts are killed,
 * what was made is removed, and the process ends as by the signal.
 */
import { constants } from "node:os";
import { killParts } from "./process.ts";

const signals = ["SIGINT", "SIGTERM", "SIGHUP"] as const;

/** `clean` runs, synchronously, after the parts are dead. The returned function ends the watch. */
export function onEarlyEnd(clean: () => void): () => void {
  const exit = (): void => {
    killParts();
    clean();
  };
  const stop = (signal: NodeJS.Signals): void => {
    process.stderr.write(`pavilion: stopped by ${signal}\n`);
    process.exit(128 + constants.signals[signal]);
  };
  process.on("exit", exit);
  for (const signal of signals) process.on(signal, stop);
  return () => {
    process.off("exit", exit);
    for (const signal of signals) process.off(signal, stop);
  };
}
