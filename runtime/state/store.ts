/**
 * A stage's state in one partition: what was committed, with a layer of changes over it that stand or fall with the
 * transaction under way.
 */
import { ChangedState } from "../contract/changed-state.ts";
import type { Change, Entry, Range, StateView } from "../contract/state.ts";
import type { Checkpoint, CommittedState } from "./committed.ts";
import { MemoryState } from "./memory-state.ts";

export class StateStore implements StateView {
  readonly #committed: CommittedState;
  readonly #pending: ChangedState;

  constructor(committed: CommittedState = new MemoryState()) {
    this.#committed = committed;
    this.#pending = new ChangedState(committed);
  }

  get(table: string, key: string): unknown {
    return this.#pending.get(table, key);
  }

  ranked(table: string, range: Range): Entry[] {
    return this.#pending.ranked(table, range);
  }

  records(table: string, limit?: number): Iterable<readonly [key: string, value: unknown]> {
    return this.#pending.records(table, limit);
  }

  /** Committed entries of all tables, about. */
  get size(): number {
    return this.#committed.size;
  }

  /** Adds changes to the layer under way. */
  stage(changes: readonly Change[]): void {
    this.#pending.lay(changes);
  }

  /** The layer's changes, the last of each key only. */
  staged(): Change[] {
    return [...this.#pending.changes()];
  }

  /** `checkpoint` is where the changes stand in the changelog, where that is known. Resolves once more may come. */
  commit(checkpoint?: Checkpoint): Promise<void> {
    const changes = this.staged();
    this.#pending.clear();
    return this.#committed.apply(changes, checkpoint);
  }
}
