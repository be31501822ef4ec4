/**
 * Lets the waits of code under test pass at once: for tests whose timers are mocked.
 */
import { mock } from "node:test";

/** No wait of the runtime's is longer. */
export const longestWaitMs = 5_000;

/** Waits pass until the outcome is there; `between` runs before each. */
export async function settled<T>(
  outcome: Promise<T>,
  between: () => Promise<void> = () => Promise.resolve(),
): Promise<T> {
  const state = { waiting: true };
  const done = outcome.finally(() => (state.waiting = false));
  done.catch(() => undefined);
  while (state.waiting) {
    await new Promise(setImmediate);
    await between();
    mock.timers.tick(longestWaitMs);
  }
  return done;
}
