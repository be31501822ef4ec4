/**
 * A stage's state in one partition: what was committed, with a layer of changes over it that stand or fall with the
 * transaction under way.
 */
import {
  rankedUnder,
  recordsUnder,
  requireRecords,
  type Change,
  type Entry,
  type Range,
  type StateView,
} from "../contract/state.ts";
import type { Checkpoint, CommittedState } from "./committed.ts";
import { MemoryState } from "./memory-state.ts";

export class StateStore implements StateView {
  readonly #committed: CommittedState;
  readonly #pending = new Map<string, Map<string, Change>>();

  constructor(committed: CommittedState = new MemoryState()) {
    this.#committed = committed;
  }

  get(table: string, key: string): unknown {
    const change = this.#pending.get(table)?.get(key);
    return change === undefined ? this.#committed.get(table, key) : change.value;
  }

  ranked(table: string, range: Range): Entry[] {
    return rankedUnder(this.#pending.get(table), range, (wider) => this.#committed.ranked(table, wider));
  }

  records(table: string, limit = Infinity): Iterable<readonly [key: string, value: unknown]> {
    requireRecords(table);
    return recordsUnder(this.#pending.get(table), limit, (more) => this.#committed.records(table, more));
  }

  /** Committed entries of all tables, about. */
  get size(): number {
    return this.#committed.size;
  }

  /** Adds changes to the layer under way. */
  stage(changes: readonly Change[]): void {
    for (const change of changes) {
      const entries = this.#pending.get(change.table) ?? new Map<string, Change>();
      this.#pending.set(change.table, entries.set(change.key, change));
    }
  }

  /** The layer's changes, the last of each key only. */
  staged(): Change[] {
    return [...this.#pending.values()].flatMap((entries) => [...entries.values()]);
  }

  /** `checkpoint` is where the changes stand in the changelog, where that is known. Resolves once more may come. */
  commit(checkpoint?: Checkpoint): Promise<void> {
    const changes = this.staged();
    this.#pending.clear();
    return this.#committed.apply(changes, checkpoint);
  }
}
