/**
 * A stage's state in memory, for tests with plain values. Values pass through JSON, as they do on the way to a
 * changelog and back, so a handler that leans on anything else fails here.
 */
import type { Change, Entry, Range, StateView } from "../runtime/contract/state.ts";
import { MemoryState as Committed } from "../runtime/state/memory-state.ts";

export class MemoryState implements StateView {
  readonly #committed = new Committed();
  readonly #changes = new Map<string, Map<string, Change>>();

  get(table: string, key: string): unknown {
    return this.#committed.get(table, key);
  }

  ranked(table: string, range: Range): Entry[] {
    return this.#committed.ranked(table, range);
  }

  records(table: string, limit?: number): Iterable<readonly [key: string, value: unknown]> {
    return this.#committed.records(table, limit);
  }

  /** For tests alone: a stage cannot. */
  entries(table: string, prefix = ""): [key: string, value: unknown][] {
    return [...(this.#changes.get(table)?.values() ?? [])]
      .filter(({ key }) => key.startsWith(prefix))
      .map(({ key, value }) => [key, value]);
  }

  apply(changes: readonly Change[]): void {
    const kept = changes.map((change) => ({
      ...change,
      value: change.value === undefined ? undefined : (JSON.parse(JSON.stringify(change.value)) as unknown),
    }));
    for (const change of kept) {
      const entries = this.#changes.get(change.table) ?? new Map<string, Change>();
      this.#changes.set(change.table, entries);
      if (change.value === undefined) entries.delete(change.key);
      else entries.set(change.key, change);
    }
    void this.#committed.apply(kept);
  }

  /** What a new owner of the partition has. */
  restored(): MemoryState {
    const state = new MemoryState();
    state.apply([...this.#changes.values()].flatMap((entries) => [...entries.values()]));
    return state;
  }

  /** Every entry, in an order that depends on the keys alone: for comparing two states. */
  snapshot(): [table: string, key: string, value: unknown][] {
    const all = [...this.#changes.keys()].flatMap((table) =>
      this.entries(table).map(([key, value]): [string, string, unknown] => [table, key, value]),
    );
    const place = ([table, key]: [string, string, unknown]): string => `${table}\n${key}`;
    return all.sort((a, b) => (place(a) < place(b) ? -1 : 1));
  }
}
