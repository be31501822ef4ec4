/**
 * Committed state in memory, gone with its process.
 */
import { requireRecords, type Change, type Entry, type Range } from "../contract/state.ts";
import type { CommittedState } from "./committed.ts";
import { RankIndex } from "./rank-index.ts";

class MemoryTable {
  readonly values = new Map<string, unknown>();
  readonly ranks = new RankIndex();

  apply({ key, value, rank }: Change): void {
    if (value === undefined) this.values.delete(key);
    else this.values.set(key, value);
    this.ranks.set(key, value === undefined ? undefined : rank);
  }
}

export class MemoryState implements CommittedState {
  readonly checkpoint = undefined;
  readonly #tables = new Map<string, MemoryTable>();

  get(table: string, key: string): unknown {
    return this.#tables.get(table)?.values.get(key);
  }

  ranked(table: string, range: Range): Entry[] {
    const of = this.#tables.get(table);
    return of?.ranks.read(range, (key) => of.values.get(key)) ?? [];
  }

  *records(table: string, limit = Infinity): Iterable<readonly [key: string, value: unknown]> {
    requireRecords(table);
    let left = limit;
    for (const entry of this.#tables.get(table)?.values ?? []) {
      if (left-- <= 0) return;
      yield entry;
    }
  }

  get size(): number {
    let size = 0;
    for (const { values } of this.#tables.values()) size += values.size;
    return size;
  }

  apply(changes: readonly Change[]): Promise<void> {
    for (const change of changes) {
      const table = this.#tables.get(change.table) ?? new MemoryTable();
      this.#tables.set(change.table, table);
      table.apply(change);
    }
    return Promise.resolve();
  }

  requireSound(): void {
    // What is in memory is as it was put there.
  }

  erase(): Promise<void> {
    this.#tables.clear();
    return Promise.resolve();
  }

  close(): Promise<void> {
    return Promise.resolve();
  }
}
