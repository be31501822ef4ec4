/**
 * A stage's state: tables of JSON values that are looked up by key, and, where a table has ranks, read in their order, so many
 * at most. There is no way to walk a table: what a look-up costs does not grow with how long a region has run.
 */
import { createHash } from "node:crypto";

/** A stage's own state in its partition, with everything this handler's predecessors changed. */
export interface StateView {
  get(table: string, key: string): unknown;
  /** The entries of a table whose ranks lie in the range, the lowest rank first; in no particular order within a rank. */
  ranked(table: string, range: Range): Entry[];
  /**
   * The records of a dataset, in no particular order: for matching, which is about all of them, and for dropping a dataset
   * piece by piece. Tables are named `records/…`; no other can be read so.
   */
  records(table: string, limit?: number): Iterable<readonly [key: string, value: unknown]>;
}

export interface Range {
  /** The lowest rank, included; none where absent. */
  readonly from?: number;
  /** The highest, excluded. */
  readonly below?: number;
  /** At least 1. */
  readonly limit: number;
}

export interface Entry<V = unknown> {
  readonly key: string;
  readonly value: V;
  readonly rank: number;
}

/** Sets a value, or deletes it when the value is undefined. Values are JSON. */
export interface Change {
  readonly table: string;
  readonly key: string;
  readonly value: unknown;
  /** Of an entry of a table that has ranks: any number but NaN. */
  readonly rank?: number;
}

/** So many entries are removed at once at most: what is left goes with the next ones. */
const removedMax = 1_000;

/**
 * A table of a stage's own. A rank is a function of the entry alone, so that it is found again from what a changelog holds; it is
 * not secret: state is sealed, ranks are not.
 */
export class Table<V> {
  readonly name: string;
  readonly rankOf: ((value: V, key: string) => number) | undefined;

  constructor(name: string, rankOf?: (value: V, key: string) => number) {
    this.name = name;
    this.rankOf = rankOf;
  }

  get(state: StateView, key: string): V | undefined {
    return state.get(this.name, key) as V | undefined;
  }

  put(key: string, value: V): Change {
    const rank = this.rankOf?.(value, key);
    if (Number.isNaN(rank)) throw new Error(`an entry of ${this.name} has no rank`);
    return { table: this.name, key, value, ...(rank === undefined ? {} : { rank }) };
  }

  remove(key: string): Change {
    return { table: this.name, key, value: undefined };
  }

  ranked(state: StateView, range: Range): Entry<V>[] {
    return state.ranked(this.name, range) as Entry<V>[];
  }

  /** The removal of what ranks lowest below a rank, so many at once: called with every event, it keeps up with any load. */
  removeBelow(state: StateView, below: number): Change[] {
    return this.ranked(state, { below, limit: removedMax }).map(({ key }) => this.remove(key));
  }
}

/** 48 bits of a text's SHA-256: ranks together what belongs together. Others may share them. */
export const rankOfText = (text: string): number =>
  Number.parseInt(createHash("sha256").update(text).digest("hex").slice(0, 12), 16);

/** A table of which only its ranks matter: every table of a stage that has some is listed with the stage. */
export type RankedTable = Pick<Table<never>, "name"> & {
  readonly rankOf?: ((value: never, key: string) => number) | undefined;
};

/**
 * The rank of an entry that was kept without one; undefined where there is none to tell, as of what an earlier version wrote in
 * another form: it is then found by its key alone.
 */
export function rankIn({ rankOf }: RankedTable, value: unknown, key: string): number | undefined {
  try {
    const rank: unknown = rankOf?.(value as never, key);
    return typeof rank === "number" && !Number.isNaN(rank) ? rank : undefined;
  } catch {
    return undefined;
  }
}

/** Throws for a table of another kind. */
export function requireRecords(table: string): void {
  if (!table.startsWith("records/")) throw new Error(`the table ${table} is no dataset's, and is not walked`);
}
