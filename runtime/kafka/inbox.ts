/**
 * Records that were fetched for one partition and wait for their task: a lane for each topic, in order of arrival, and
 * the lanes in turn, so that a flood on one topic (a provider's, say) holds up nobody but itself. Each lane is bounded, in
 * records and in bytes, by asking the feed to pause it: `isFull` and `drained` tell when.
 */

/** Full above either, drained below both. A lane may run over by what one fetch brings. */
const fullAbove = { records: 1_000, bytes: 8 * 1024 * 1024 };
const drainedBelow = { records: 200, bytes: 1024 * 1024 };

/** So many taken items are cut off a lane at once: `shift` moves all that are left of a long list, each time. */
const cutAfter = 1_000;

interface Lane<T> {
  readonly items: T[];
  /** Of the first item that was not taken. */
  next: number;
  bytes: number;
}

export class Inbox<T> {
  readonly #sizeOf: (item: T) => number;
  /** In the order of their turns. */
  readonly #lanes = new Map<string, Lane<T>>();
  readonly #full = new Set<string>();
  #length = 0;
  #wake: (() => void) | undefined;
  #closed = false;

  /** `sizeOf` says what an item holds in bytes. */
  constructor(sizeOf: (item: T) => number) {
    this.#sizeOf = sizeOf;
  }

  get length(): number {
    return this.#length;
  }

  push(name: string, items: readonly T[]): void {
    if (items.length === 0 || this.#closed) return;
    const lane = this.#lanes.get(name) ?? { items: [], next: 0, bytes: 0 };
    this.#lanes.set(name, lane);
    for (const item of items) {
      lane.items.push(item);
      lane.bytes += this.#sizeOf(item);
    }
    this.#length += items.length;
    this.#wake?.();
  }

  /** Whether the lane is to be paused until `drained` names it. */
  isFull(name: string): boolean {
    const lane = this.#lanes.get(name);
    const full = lane !== undefined && (waitingIn(lane) > fullAbove.records || lane.bytes > fullAbove.bytes);
    if (full) this.#full.add(name);
    return full;
  }

  /** The lanes that were full and may go on; each is named once. */
  drained(): string[] {
    const names = [...this.#full].filter((name) => {
      const lane = this.#lanes.get(name);
      return (
        lane === undefined || (waitingIn(lane) < drainedBelow.records && lane.bytes < drainedBelow.bytes)
      );
    });
    for (const name of names) this.#full.delete(name);
    return names;
  }

  /** Up to `most` items, one of each lane in turn; waits for the first. Undefined once the inbox is closed. */
  async take(most: number): Promise<T[] | undefined> {
    while (this.#length === 0 && !this.#closed) {
      await new Promise<void>((resolve) => (this.#wake = resolve));
    }
    this.#wake = undefined;
    if (this.#closed) return undefined;
    const taken: T[] = [];
    for (const [name, lane] of this.#lanes) {
      // What is set anew comes last in the map, and so in this loop.
      this.#lanes.delete(name);
      const item = lane.items[lane.next++] as T;
      if (lane.next >= cutAfter && 2 * lane.next >= lane.items.length) lane.next = cut(lane);
      taken.push(item);
      lane.bytes -= this.#sizeOf(item);
      if (waitingIn(lane) > 0) this.#lanes.set(name, lane);
      if (taken.length === most) break;
    }
    this.#length -= taken.length;
    return taken;
  }

  clear(): void {
    this.#lanes.clear();
    this.#full.clear();
    this.#length = 0;
  }

  close(): void {
    this.#closed = true;
    this.clear();
    this.#wake?.();
  }
}

const waitingIn = ({ items, next }: Lane<unknown>): number => items.length - next;

/** Cuts off what was taken; answers where the lane goes on. */
function cut({ items, next }: Lane<unknown>): number {
  items.splice(0, next);
  return 0;
}
