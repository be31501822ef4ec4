/**
 * Committed state in memory, gone with its process.
 */
import type { Change } from "../contract/stage.ts";
import type { CommittedState } from "./committed.ts";

type Table = Map<string, unknown>;

export class MemoryState implements CommittedState {
  readonly checkpoint = undefined;
  readonly #tables = new Map<string, Table>();

  get(table: string, key: string): unknown {
    return this.#tables.get(table)?.get(key);
  }

  *entries(table: string, prefix = ""): Iterable<[key: string, value: unknown]> {
    for (const entry of this.#tables.get(table) ?? []) if (entry[0].startsWith(prefix)) yield entry;
  }

  get size(): number {
    let size = 0;
    for (const table of this.#tables.values()) size += table.size;
    return size;
  }

  apply(changes: readonly Change[]): Promise<void> {
    for (const { table, key, value } of changes) {
      const entries: Table = this.#tables.get(table) ?? new Map<string, unknown>();
      this.#tables.set(table, entries);
      if (value === undefined) entries.delete(key);
      else entries.set(key, value);
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
