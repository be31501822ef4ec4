/**
 * What arrives from several readers, in order of arrival, for one loop that takes it. A reader's failure reaches the
 * loop too, after what had arrived before it.
 */
export class Mailbox<T> {
  readonly #items: T[] = [];
  #failure: { readonly error: unknown } | undefined;
  #wake: (() => void) | undefined;

  readonly put = (item: T): void => {
    this.#items.push(item);
    this.#wake?.();
  };

  /** The first failure stays; every later `next` throws it. */
  readonly fail = (error: unknown): void => {
    this.#failure ??= { error };
    this.#wake?.();
  };

  /** The next item, or undefined once `withinMs` have passed without one. One caller at a time. */
  async next(withinMs: number): Promise<T | undefined> {
    if (this.#items.length === 0 && this.#failure === undefined) {
      await new Promise<void>((resolve) => {
        const timer = setTimeout(resolve, withinMs);
        this.#wake = () => {
          clearTimeout(timer);
          resolve();
        };
      });
      this.#wake = undefined;
    }
    const item = this.#items.shift();
    if (item === undefined && this.#failure !== undefined) throw this.#failure.error;
    return item;
  }
}
