/**
 * A stage's state in memory, for tests with plain values. Values pass through JSON, as they do on the way to a
 * changelog and back, so a handler that leans on anything else fails here.
 */
import type { Change, StateView } from "../runtime/contract/stage.ts";

export class MemoryState implements StateView {
  readonly #tables = new Map<string, Map<string, unknown>>();

  get(table: string, key: string): unknown {
    return this.#tables.get(table)?.get(key);
  }

  *entries(table: string, prefix = ""): Iterable<[key: string, value: unknown]> {
    for (const entry of this.#tables.get(table) ?? []) if (entry[0].startsWith(prefix)) yield entry;
  }

  apply(changes: readonly Change[]): void {
    for (const { table, key, value } of changes) {
      const entries = this.#tables.get(table) ?? new Map<string, unknown>();
      this.#tables.set(table, entries);
      if (value === undefined) entries.delete(key);
      else entries.set(key, JSON.parse(JSON.stringify(value)));
    }
  }

  /** Every entry, in an order that depends on the keys alone: for comparing two states. */
  snapshot(): [table: string, key: string, value: unknown][] {
    const all = [...this.#tables].flatMap(([table, entries]) =>
      [...entries].map(([key, value]): [string, string, unknown] => [table, key, value]),
    );
    const place = ([table, key]: [string, string, unknown]): string => `${table}\n${key}`;
    return all.sort((a, b) => (place(a) < place(b) ? -1 : 1));
  }
}
