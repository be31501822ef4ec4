/**
 * The ranks of a table's entries in memory, lowest first.
 */
import type { Entry, Range } from "../contract/state.ts";

interface Ranked {
  readonly rank: number;
  readonly key: string;
}

export class RankIndex {
  readonly #ranks = new Map<string, number>();
  readonly #sorted: Ranked[] = [];

  /** Puts an entry in its place, or takes it out where it has no rank any more. */
  set(key: string, rank: number | undefined): void {
    const before = this.#ranks.get(key);
    if (before === rank) return;
    if (before !== undefined) this.#sorted.splice(this.#placeOf({ rank: before, key }), 1);
    if (rank === undefined) {
      this.#ranks.delete(key);
      return;
    }
    this.#ranks.set(key, rank);
    this.#sorted.splice(this.#placeOf({ rank, key }), 0, { rank, key });
  }

  /** The entries of a range, with their values from `valueOf`. */
  read({ from = -Infinity, below = Infinity, limit }: Range, valueOf: (key: string) => unknown): Entry[] {
    const entries: Entry[] = [];
    for (let place = this.#placeOf({ rank: from, key: "" }); entries.length < limit; place++) {
      const next = this.#sorted[place];
      if (next === undefined || next.rank >= below) break;
      entries.push({ ...next, value: valueOf(next.key) });
    }
    return entries;
  }

  /** The place of the first that does not come before it. */
  #placeOf(ranked: Ranked): number {
    let [low, high] = [0, this.#sorted.length];
    while (low < high) {
      const middle = (low + high) >>> 1;
      const at = this.#sorted[middle];
      if (at !== undefined && comesBefore(at, ranked)) low = middle + 1;
      else high = middle;
    }
    return low;
  }
}

const comesBefore = (one: Ranked, other: Ranked): boolean =>
  one.rank === other.rank ? one.key < other.key : one.rank < other.rank;
