/**
 * Who waits for which value, by key. Each wait ends: with its value, in time or not at all.
 */
import { PavilionError } from "../../runtime/errors.ts";
import { timerMs } from "../../runtime/waits.ts";

interface Waiter<Value> {
  readonly resolve: (value: Value) => void;
  readonly reject: (error: unknown) => void;
}

export class Pending<Value> {
  readonly #late: string;
  readonly #waiters = new Map<string, Waiter<Value>>();
  #failure: { readonly error: unknown } | undefined;

  /** `late` says what did not come, to those whose time is up. */
  constructor(late: string) {
    this.#late = late;
  }

  /** The key's value. Rejects with TIMED_OUT after `withinMs`. One wait a key. */
  async await(key: string, withinMs: number): Promise<Value> {
    if (this.#failure !== undefined) throw this.#failure.error;
    if (this.#waiters.has(key)) throw new Error("it is waited for already");
    const { promise, resolve, reject } = Promise.withResolvers<Value>();
    this.#waiters.set(key, { resolve, reject });
    const timer = setTimeout(() => {
      reject(new PavilionError("TIMED_OUT", this.#late));
    }, timerMs(withinMs));
    try {
      return await promise;
    } finally {
      clearTimeout(timer);
      this.#waiters.delete(key);
    }
  }

  take(key: string, value: Value): void {
    this.#waiters.get(key)?.resolve(value);
  }

  drop(key: string, error: unknown): void {
    this.#waiters.get(key)?.reject(error);
  }

  /** Every wait, this one and later ones, ends with the error. */
  readonly fail = (error: unknown): void => {
    this.#failure ??= { error };
    for (const { reject } of this.#waiters.values()) reject(error);
  };
}
