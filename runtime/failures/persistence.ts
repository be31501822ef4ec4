/**
 * Trying again, with waits that grow and are spread (cockatiel's retry): for as long as it takes
 * where a port is away, a few times otherwise. Which failures are which is passing.ts's table.
 */
import {
  ExponentialBackoff,
  halfJitterGenerator,
  handleWhen,
  retry,
  type IBackoff,
  type IRetryContext,
} from "cockatiel";
import { attemptsMaxFor, PortHeld } from "./passing.ts";

const firstWaitMs = 100;
const longestWaitMs = 5_000;

/** Told of each failed attempt before the next: the failure and how many attempts count so far. */
export type OnFailure = (error: unknown, attempts: number) => void;

export type Persisted<T> =
  | { readonly value: T }
  | {
      readonly error: unknown;
      /** How often it was tried; not counted are those that a breaker held. */ readonly attempts: number;
    };

/** The first attempt runs to its end. After it, this rejects with the signal's reason as soon as that is aborted. */
export async function persist<T>(
  attempt: () => Promise<T>,
  signal: AbortSignal,
  onFailure: OnFailure,
): Promise<Persisted<T>> {
  try {
    return { value: await attempt() };
  } catch (error) {
    signal.throwIfAborted();
    return tryAgain(error, attempt, signal, onFailure);
  }
}

/** What a failure costs is paid by those that fail. */
async function tryAgain<T>(
  first: unknown,
  attempt: () => Promise<T>,
  signal: AbortSignal,
  onFailure: OnFailure,
): Promise<Persisted<T>> {
  let attempts = 0;
  const failed = (error: unknown): void => {
    if (!(error instanceof PortHeld)) attempts += 1;
    if (!signal.aborted) onFailure(error, attempts);
  };
  const tried = async (context: IRetryContext): Promise<T> => {
    // One that was left alone wakes up once more after its wait.
    signal.throwIfAborted();
    try {
      if (context.attempt === 0) throw first;
      return await attempt();
    } catch (error) {
      failed(error);
      throw error;
    }
  };
  const again = (error: unknown): boolean => !signal.aborted && attempts < attemptsMaxFor(error);
  const policy = retry(handleWhen(again), { maxAttempts: Infinity, backoff: growing() });
  const ended = Promise.withResolvers<never>();
  const end = (): void => {
    ended.reject(signal.reason);
  };
  signal.addEventListener("abort", end, { once: true });
  try {
    return { value: await Promise.race([policy.execute(tried), ended.promise]) };
  } catch (error) {
    signal.throwIfAborted();
    return { error, attempts };
  } finally {
    signal.removeEventListener("abort", end);
  }
}

/** 100 ms doubling to 5 s, of which half is left to chance, so that partitions do not return in step. */
const growing = (): ExponentialBackoff<number> =>
  new ExponentialBackoff({
    generator: halfJitterGenerator,
    initialDelay: firstWaitMs,
    maxDelay: longestWaitMs,
  });

/** One wait after another; `reset` starts small again. */
export class Waits {
  #next: IBackoff<unknown> | undefined;

  next(): number {
    this.#next = this.#next === undefined ? growing().next() : this.#next.next(undefined);
    return this.#next.duration;
  }

  reset(): void {
    this.#next = undefined;
  }
}
