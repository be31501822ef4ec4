/**
 * A state as it will be once changes are applied that lie over it: a handler's own, those of a transaction under way, or
 * those that are not written down yet. Copies no entry of the state below.
 */
import { requireRecords, type Change, type Entry, type Range, type StateView } from "./state.ts";

export class ChangedState implements StateView {
  readonly #below: StateView;
  /** By table and key: the last change of each. */
  readonly #tables = new Map<string, Map<string, Change>>();
  #size = 0;

  constructor(below: StateView) {
    this.#below = below;
  }

  /** How many entries are changed. */
  get size(): number {
    return this.#size;
  }

  /** How many entries of a table are changed. */
  sizeOf(table: string): number {
    return this.#tables.get(table)?.size ?? 0;
  }

  /** The changes, the last of each key only. */
  *changes(): Iterable<Change> {
    for (const changes of this.#tables.values()) yield* changes.values();
  }

  lay(changes: readonly Change[]): void {
    for (const change of changes) {
      const entries = this.#tables.get(change.table) ?? new Map<string, Change>();
      if (!entries.has(change.key)) this.#size += 1;
      this.#tables.set(change.table, entries.set(change.key, change));
    }
  }

  clear(): void {
    this.#tables.clear();
    this.#size = 0;
  }

  get(table: string, key: string): unknown {
    const change = this.#tables.get(table)?.get(key);
    return change === undefined ? this.#below.get(table, key) : change.value;
  }

  ranked(table: string, range: Range): Entry[] {
    const changes = this.#tables.get(table);
    if (changes === undefined) return this.#below.ranked(table, range);
    const { from = -Infinity, below = Infinity, limit } = range;
    const wider = { ...range, limit: limit + changes.size };
    const kept = this.#below.ranked(table, wider).filter(({ key }) => !changes.has(key));
    const laid = [...changes.values()].flatMap(({ key, value, rank }) =>
      value !== undefined && rank !== undefined && rank >= from && rank < below ? [{ key, value, rank }] : [],
    );
    return [...kept, ...laid].sort((a, b) => a.rank - b.rank).slice(0, limit);
  }

  records(table: string, limit = Infinity): Iterable<readonly [key: string, value: unknown]> {
    requireRecords(table);
    return this.#recordsOf(table, limit);
  }

  *#recordsOf(table: string, limit: number): Iterable<readonly [key: string, value: unknown]> {
    const changes = this.#tables.get(table);
    let left = limit;
    for (const { key, value } of changes?.values() ?? []) {
      if (value === undefined) continue;
      if (left-- <= 0) return;
      yield [key, value];
    }
    for (const entry of this.#below.records(table, left + (changes?.size ?? 0))) {
      if (changes?.has(entry[0]) === true) continue;
      if (left-- <= 0) return;
      yield entry;
    }
  }
}

/** A slice's records have to be matched in the same step that takes them in. */
export function withChanges(state: StateView, changes: readonly Change[]): StateView {
  const changed = new ChangedState(state);
  changed.lay(changes);
  return changed;
}
