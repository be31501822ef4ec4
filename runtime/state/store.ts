/**
 * A stage's state in one partition: what was committed, with a layer of changes over it that stand or fall with the
 * transaction under way.
 */
import type { Change, StateView } from "../contract/stage.ts";
import type { Checkpoint, CommittedState } from "./committed.ts";
import { MemoryState } from "./memory-state.ts";

export class StateStore implements StateView {
  readonly #committed: CommittedState;
  readonly #pending = new Map<string, Map<string, unknown>>();

  constructor(committed: CommittedState = new MemoryState()) {
    this.#committed = committed;
  }

  get(table: string, key: string): unknown {
    const pending = this.#pending.get(table);
    return pending?.has(key) === true ? pending.get(key) : this.#committed.get(table, key);
  }

  *entries(table: string, prefix = ""): Iterable<[key: string, value: unknown]> {
    const pending = this.#pending.get(table);
    for (const entry of this.#committed.entries(table, prefix)) {
      if (pending?.has(entry[0]) !== true) yield entry;
    }
    for (const entry of pending ?? []) {
      if (entry[0].startsWith(prefix) && entry[1] !== undefined) yield entry;
    }
  }

  /** Committed entries of all tables, about. */
  get size(): number {
    return this.#committed.size;
  }

  /** Adds changes to the layer under way. */
  stage(changes: readonly Change[]): void {
    for (const { table, key, value } of changes) {
      const entries = this.#pending.get(table) ?? new Map<string, unknown>();
      this.#pending.set(table, entries.set(key, value));
    }
  }

  /** The layer's changes, the last of each key only. */
  staged(): Change[] {
    return [...this.#pending].flatMap(([table, entries]) =>
      [...entries].map(([key, value]) => ({ table, key, value })),
    );
  }

  /** `checkpoint` is where the changes stand in the changelog, where that is known. Resolves once more may come. */
  commit(checkpoint?: Checkpoint): Promise<void> {
    const changes = this.staged();
    this.#pending.clear();
    return this.#committed.apply(changes, checkpoint);
  }
}
