/**
 * Records that were fetched for one partition and wait for their task, in order of arrival. Bounded by asking the feed
 * to pause: `full` and `drained` tell when.
 */
const pauseAbove = 1_000;
const resumeBelow = 200;

export class Inbox<T> {
  #items: T[] = [];
  #wake: (() => void) | undefined;
  #closed = false;

  get full(): boolean {
    return this.#items.length > pauseAbove;
  }

  get drained(): boolean {
    return this.#items.length < resumeBelow;
  }

  push(items: readonly T[]): void {
    for (const item of items) this.#items.push(item);
    this.#wake?.();
  }

  /** Up to `most` items in order; waits for the first. Undefined once the inbox is closed. */
  async take(most: number): Promise<T[] | undefined> {
    while (this.#items.length === 0 && !this.#closed) {
      await new Promise<void>((resolve) => (this.#wake = resolve));
    }
    this.#wake = undefined;
    return this.#closed ? undefined : this.#items.splice(0, most);
  }

  clear(): void {
    this.#items = [];
  }

  close(): void {
    this.#closed = true;
    this.clear();
    this.#wake?.();
  }
}
