/**
 * Time that passes when the simulation says so. While it is installed, `Date.now`, `performance.now` and the timers that
 * the runtime and its libraries use are this object's; and so is `Math.random`, which spreads their waits.
 */
import { syncBuiltinESMExports } from "node:module";
import timersPromises from "node:timers/promises";

interface Timer {
  readonly due: number;
  readonly order: number;
  readonly fire: () => void;
}

type Sleep = typeof timersPromises.setTimeout;

export class VirtualTime {
  #now: number;
  #order = 0;
  readonly #timers = new Set<Timer>();

  /** Milliseconds since the epoch. */
  constructor(start: number) {
    this.#now = start;
  }

  get now(): number {
    return this.#now;
  }

  /** When the next timer is due; undefined where none is set. */
  get next(): number | undefined {
    return this.#first()?.due;
  }

  /** Goes to when the next timer is due, and fires that one; to `moment` where none is due before. */
  pass(moment = Infinity): void {
    const timer = this.#first();
    if (timer === undefined || timer.due > moment) {
      if (moment < Infinity) this.#now = Math.max(this.#now, moment);
      return;
    }
    this.#timers.delete(timer);
    this.#now = Math.max(this.#now, timer.due);
    timer.fire();
  }

  /** Takes the place of real time until the answered function is called. */
  install(random: () => number): () => void {
    const kept = {
      random: Math.random,
      dateNow: Date.now,
      performanceNow: performance.now.bind(performance),
      setTimeout: globalThis.setTimeout,
      clearTimeout: globalThis.clearTimeout,
      sleep: timersPromises.setTimeout,
    };
    const start = this.#now;
    Math.random = random;
    Date.now = () => this.#now;
    performance.now = () => this.#now - start;
    globalThis.setTimeout = ((run: () => void, milliseconds = 0) =>
      this.#set(milliseconds, run)) as unknown as typeof setTimeout;
    globalThis.clearTimeout = ((timer: Timer | undefined) => {
      if (timer !== undefined) this.#timers.delete(timer);
    }) as typeof clearTimeout;
    timersPromises.setTimeout = ((milliseconds, value, options) =>
      this.#sleep(milliseconds ?? 0, value, options?.signal)) as Sleep;
    syncBuiltinESMExports();
    return () => {
      Math.random = kept.random;
      Date.now = kept.dateNow;
      performance.now = kept.performanceNow;
      globalThis.setTimeout = kept.setTimeout;
      globalThis.clearTimeout = kept.clearTimeout;
      timersPromises.setTimeout = kept.sleep;
      syncBuiltinESMExports();
    };
  }

  #first(): Timer | undefined {
    let first: Timer | undefined;
    for (const timer of this.#timers) {
      if (
        first === undefined ||
        timer.due < first.due ||
        (timer.due === first.due && timer.order < first.order)
      )
        first = timer;
    }
    return first;
  }

  #set(milliseconds: number, fire: () => void): Timer {
    const timer = { due: this.#now + Math.max(milliseconds, 0), order: this.#order++, fire };
    this.#timers.add(timer);
    return timer;
  }

  #sleep<T>(milliseconds: number, value: T, signal?: AbortSignal): Promise<T> {
    return new Promise((resolve, reject) => {
      const abort = (): void => {
        this.#timers.delete(timer);
        reject(new DOMException("The operation was aborted", "AbortError"));
      };
      const timer = this.#set(milliseconds, () => {
        signal?.removeEventListener("abort", abort);
        resolve(value);
      });
      if (signal?.aborted === true) abort();
      else signal?.addEventListener("abort", abort, { once: true });
    });
  }
}
