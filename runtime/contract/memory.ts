/**
 * What a stage remembers for a while: entries ranked by a time, let go once it is so long past. Up to a moment everything is
 * forgotten, and nothing after it, so that what is asked about and older than that is known to be unknown.
 */
import { Table, type Change, type StateView } from "./state.ts";

/** How often the old is looked for where all of it was let go; ticks come every second. */
const forgetEveryMs = 3_600_000;
/** So many are let go at once at most. */
const forgottenMax = 2_000;

/** `pruned`: up to when the old was let go; `rested`: when all of it was. A stage has one memory. */
const upkeep = new Table<number>("upkeep");

export class Memory<V> {
  readonly entries: Table<V>;
  readonly #keepMs: number;

  /** Entries are ranked by a time in whole milliseconds, and kept for `keepMs` beyond it. */
  constructor(name: string, timeOf: (value: V, key: string) => number, keepMs: number) {
    this.entries = new Table(name, timeOf);
    this.#keepMs = keepMs;
  }

  /** Whether an entry of that time would have been let go. */
  isForgotten(time: number, state: StateView): boolean {
    return time < this.#forgottenAt(state) - this.#keepMs;
  }

  /** Lets go of what is old, bounded, at most once an hour unless more is left. `now` is the event's time. */
  forget(state: StateView, now: number): Change[] {
    const rested = upkeep.get(state, "rested");
    if (rested !== undefined && now - rested < forgetEveryMs) return [];
    const below = now - this.#keepMs;
    const old = this.entries.ranked(state, { below, limit: forgottenMax });
    const last = old.length < forgottenMax ? undefined : old.at(-1);
    // Of the last one's time some may be left, and some are not: all of it counts as forgotten, and so does what did before.
    const upTo = last === undefined ? now : last.rank + 1 + this.#keepMs;
    return [
      upkeep.put("pruned", Math.max(this.#forgottenAt(state), upTo)),
      last === undefined ? upkeep.put("rested", now) : upkeep.remove("rested"),
      ...old.map(({ key }) => this.entries.remove(key)),
    ];
  }

  #forgottenAt(state: StateView): number {
    return upkeep.get(state, "pruned") ?? Number.NEGATIVE_INFINITY;
  }
}
