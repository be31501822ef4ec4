/**
 * Where a stage's committed state is at hand: in memory, or on disk with memory bounded. The changelog topic is where it is
 * durable; what is here may be thrown away at any time.
 */
import type { Change, StateView } from "../contract/state.ts";

/** A place in the changelog partition, and what is known to stand there. */
export interface Checkpoint {
  readonly offset: bigint;
  /** SHA-256 of the record's key and value, hex. */
  readonly digest: string;
}

export interface CommittedState extends StateView {
  /** How many entries there are, about. */
  readonly size: number;
  /** Everything before this place is in here, and much after it may be; undefined where nothing is. */
  readonly checkpoint: Checkpoint | undefined;
  /**
   * Takes in changes that were committed, the last of each key only; all there is up to `checkpoint`, where it is given.
   * Resolves once more may come.
   */
  apply(changes: readonly Change[], checkpoint?: Checkpoint): Promise<void>;
  /** Throws STATE_UNSOUND where what was taken in cannot be read any more, or belongs to somebody else by now. */
  requireSound(): void;
  /** Throws everything away. */
  erase(): Promise<void>;
  /** Keeps what it can for the next time. */
  close(): Promise<void>;
}
