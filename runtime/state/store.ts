/**
 * A stage's state in one partition: tables of JSON values in memory, with a layer of changes that stand or fall with
 * the transaction under way. The changelog topic is where it is durable; see runtime/kafka/changelog.ts.
 */
import type { Change, StateView } from "../stage.ts";

type Table = Map<string, unknown>;

export class StateStore implements StateView {
  readonly #committed = new Map<string, Table>();
  readonly #pending = new Map<string, Table>();

  get(table: string, key: string): unknown {
    const pending = this.#pending.get(table);
    return pending?.has(key) === true ? pending.get(key) : this.#committed.get(table)?.get(key);
  }

  *entries(table: string, prefix = ""): Iterable<[key: string, value: unknown]> {
    const pending = this.#pending.get(table);
    for (const entry of this.#committed.get(table) ?? []) {
      if (entry[0].startsWith(prefix) && pending?.has(entry[0]) !== true) yield entry;
    }
    for (const entry of pending ?? []) {
      if (entry[0].startsWith(prefix) && entry[1] !== undefined) yield entry;
    }
  }

  /** Committed entries of all tables. */
  get size(): number {
    let size = 0;
    for (const table of this.#committed.values()) size += table.size;
    return size;
  }

  /** Adds changes to the layer under way. */
  stage(changes: readonly Change[]): void {
    for (const { table, key, value } of changes) tableIn(this.#pending, table).set(key, value);
  }

  /** The layer's changes, the last of each key only. */
  staged(): Change[] {
    return [...this.#pending].flatMap(([table, entries]) =>
      [...entries].map(([key, value]) => ({ table, key, value })),
    );
  }

  commit(): void {
    for (const [table, entries] of this.#pending) {
      const committed = tableIn(this.#committed, table);
      for (const [key, value] of entries) {
        if (value === undefined) committed.delete(key);
        else committed.set(key, value);
      }
    }
    this.#pending.clear();
  }

  rollback(): void {
    this.#pending.clear();
  }
}

function tableIn(tables: Map<string, Table>, name: string): Table {
  const table: Table = tables.get(name) ?? new Map<string, unknown>();
  tables.set(name, table);
  return table;
}
