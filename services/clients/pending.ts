/**
 * Who waits for which value, by key. Each wait ends: with its value, in time or not at all. Values that `keepsEarly`
 * names are still there for who waits a moment too late: a record's digest is known only once Kafka has taken it.
 */
import { PavilionError } from "../../errors/errors.ts";
import { timerMs } from "../../runtime/waits.ts";

interface Waiter<Value> {
  readonly resolve: (value: Value) => void;
  readonly reject: (error: unknown) => void;
}

/** So many values that nobody waited for are kept, the newest. */
const earlyMax = 1_000;

export class Pending<Value> {
  readonly #late: string;
  readonly #keepsEarly: (value: Value) => boolean;
  readonly #early = new Map<string, Value>();
  readonly #waiters = new Map<string, Waiter<Value>>();
  #failure: { readonly error: unknown } | undefined;

  /** `late` says what did not come, to those whose time is up. */
  constructor(late: string, keepsEarly: (value: Value) => boolean = () => false) {
    this.#late = late;
    this.#keepsEarly = keepsEarly;
  }

  /** The key's value. Rejects with TIMED_OUT after `withinMs`. One wait a key. */
  async await(key: string, withinMs: number): Promise<Value> {
    if (this.#failure !== undefined) throw this.#failure.error;
    if (this.#waiters.has(key)) throw new Error("it is waited for already");
    const early = this.#early.get(key);
    if (early !== undefined) {
      this.#early.delete(key);
      return early;
    }
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
    const waiter = this.#waiters.get(key);
    if (waiter !== undefined) waiter.resolve(value);
    else if (this.#keepsEarly(value)) this.#keep(key, value);
  }

  #keep(key: string, value: Value): void {
    this.#early.set(key, value);
    const [oldest] = this.#early.keys();
    if (this.#early.size > earlyMax && oldest !== undefined) this.#early.delete(oldest);
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
