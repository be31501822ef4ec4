/**
 * The one source of order and faults in a simulation: Mulberry32, small, seeded, and good enough to choose by.
 */
export class Choice {
  #state: number;

  constructor(seed: number) {
    this.#state = seed | 0;
  }

  /** A whole number from 0 to below `n`. */
  below(n: number): number {
    this.#state = (this.#state + 0x6d2b79f5) | 0;
    const state = this.#state;
    let mixed = Math.imul(state ^ (state >>> 15), 1 | state);
    mixed = (mixed + Math.imul(mixed ^ (mixed >>> 7), 61 | mixed)) ^ mixed;
    return ((mixed ^ (mixed >>> 14)) >>> 0) % n;
  }

  /** True once in `n` times on average; never where `n` is 0. */
  oneIn(n: number): boolean {
    return n > 0 && this.below(n) === 0;
  }

  /** Undefined where there is nothing to pick from. */
  pick<T>(from: readonly T[]): T | undefined {
    return from[this.below(Math.max(from.length, 1))];
  }
}
