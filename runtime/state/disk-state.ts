/**
 * Committed state on disk, in SQLite: one file a partition, names hashed and values sealed as in the changelog. Changes are
 * gathered for some seconds and written together with the place in the changelog up to which they are complete, so that a
 * new owner on this machine replays only what came after. Memory holds what was not yet written, and a bounded cache
 * that all stores of a process share.
 *
 * Not trusted, and thrown away: a file of another cluster, of another layout, or so old that the changelog may have
 * forgotten deletions since; and one that SQLite does not read. What it holds counts only if the changelog's record at
 * its checkpoint is the one that it knows; see Changelog.
 *
 * A power failure may lose the last writes (WAL, synchronous = NORMAL), never a part of one: the replay begins earlier.
 */
import { randomUUID } from "node:crypto";
import { mkdirSync } from "node:fs";
import { DatabaseSync, type StatementSync } from "node:sqlite";
import { LRUCache } from "lru-cache";
import { PavilionError } from "../../errors/errors.ts";
import type { ChangelogKeys } from "../kafka/changelog.ts";
import { ChangedState } from "../contract/changed-state.ts";
import { rankIn, type Change, type Entry, type Range, type RankedTable } from "../contract/state.ts";
import type { Checkpoint, CommittedState } from "./committed.ts";
import { bringUp, fileOf, layoutVersion, removeDatabase, requireNoneNewer } from "./layout.ts";

interface CachedValue {
  readonly value: unknown;
  /** Of its JSON. */
  readonly length: number;
}

interface DiskStatePlan {
  readonly file: string;
  /** What the values are sealed for: the changelog's partition. */
  readonly place: string;
  /** Kafka's cluster id. */
  readonly cluster: string;
  readonly keys: ChangelogKeys;
  /** The stage's tables that have ranks: entries of an earlier layout get theirs. */
  readonly tables: readonly RankedTable[];
  /** Values by store, table and key; and table and key by store and hashed name, for whoever walks a table. */
  readonly cache: LRUCache<string, CachedValue>;
}

/** Kafka keeps a compacted topic's deletions for a day (delete.retention.ms); half of it is left for a slow replay. */
const oldestMs = 12 * 3_600_000;
/** Positions and the like change with every transaction and are written once a flush; a restart replays what came after it. */
const flushAfterMs = 5_000;
const flushAfterEntries = 2_000;
/** So many entries of a table may lie over the rows that are read in their order. */
const passedOverMax = 200;

const schema = `
  pragma journal_mode = wal;
  pragma synchronous = normal;
  pragma busy_timeout = 5000;
  create table if not exists entries
    (name text primary key, in_table text not null, sealed blob not null, rank real) without rowid;
  drop index if exists entries_in_table;
  create index if not exists entries_by_rank on entries (in_table, rank);
  create table if not exists meta (the integer primary key check (the = 1), text text not null);
`;

interface Meta {
  readonly version: number;
  readonly cluster: string;
  readonly place: string;
  readonly owner: string;
  readonly writtenAt: number;
  readonly checkpoint: { readonly offset: string; readonly digest: string } | null;
}

type KeyAndValue = Pick<Change, "key" | "value">;

class DiskState implements CommittedState {
  readonly #plan: DiskStatePlan;
  readonly #owner = randomUUID();
  /**
   * Of its values in the cache: what an earlier owner of this process read may have been overtaken by another's since. What is
   * cleared has another one after that.
   */
  #scope = randomUUID();
  readonly #database: DatabaseSync;
  readonly #statements: Statements;
  readonly #unwritten = new ChangedState({
    get: (table, key) => this.#valueOf(table, key),
    ranked: (table, range) => this.#rankedOf(table, range),
    records: (table, limit) => this.#recordsOf(table, limit),
  });
  /** Rows of the file: counted once, when it is opened. */
  #count = 0;
  #checkpoint: Checkpoint | undefined;
  #flushedAt = Date.now();
  #unsound: PavilionError | undefined;

  /** Opens what is there and takes it over; empty where that is not to be trusted. */
  constructor(plan: DiskStatePlan) {
    this.#plan = plan;
    this.#database = new DatabaseSync(plan.file);
    addRank(this.#database);
    this.#database.exec(schema);
    this.#statements = statementsOf(this.#database);
    this.#write(() => {
      const known = this.#meta();
      if (known !== undefined && this.#isTrusted(known)) {
        this.#checkpoint = checkpointIn(known);
        if (known.version < layoutVersion) this.#rankAll();
      } else this.#clear();
      this.#putMeta(known?.writtenAt ?? Date.now());
    });
    this.#count = (this.#statements.count.get() as { count: number }).count;
  }

  get checkpoint(): Checkpoint | undefined {
    return this.#checkpoint;
  }

  get size(): number {
    return this.#count + this.#unwritten.size;
  }

  get(table: string, key: string): unknown {
    return this.#unwritten.get(table, key);
  }

  ranked(table: string, range: Range): Entry[] {
    // Many of the rows would only be passed over for what is not written yet.
    if (this.#unwritten.sizeOf(table) > passedOverMax) this.#flush();
    return this.#unwritten.ranked(table, range);
  }

  records(table: string, limit?: number): Iterable<readonly [key: string, value: unknown]> {
    return this.#unwritten.records(table, limit);
  }

  #valueOf(table: string, key: string): unknown {
    const name = nameIn(table, key);
    const cached = this.#plan.cache.get(this.#scope + name);
    if (cached !== undefined) return cached.value;
    const row = this.#statements.get.get(this.#plan.keys.nameOf(name));
    return row === undefined ? undefined : this.#read(row).value;
  }

  /** The index alone is read in its order, and of the rows only those whose values are not in the cache. */
  #rankedOf(table: string, { from = -Infinity, below = Infinity, limit }: Range): Entry[] {
    return this.#statements.ranked
      .all(this.#plan.keys.nameOf(table), from, below, limit)
      .map((row) => ({ ...(this.#known(row, table) ?? this.#rowOf(row)), rank: Number(row.rank) }));
  }

  #rowOf({ name }: Record<string, unknown>): KeyAndValue {
    const row = this.#statements.get.get(String(name));
    if (row === undefined) throw new Error("the index names a row that is not there");
    return this.#read(row);
  }

  /** Read at once, since the caller may write meanwhile. */
  *#recordsOf(table: string, limit = Infinity): Iterable<readonly [key: string, value: unknown]> {
    const most = Number.isFinite(limit) ? limit : -1;
    for (const row of this.#statements.inTable.all(this.#plan.keys.nameOf(table), most)) {
      const { key, value } = this.#known(row, table) ?? this.#read(row);
      yield [key, value];
    }
  }

  apply(changes: readonly Change[], checkpoint?: Checkpoint): Promise<void> {
    this.#unwritten.lay(changes);
    if (checkpoint !== undefined) this.#checkpoint = checkpoint;
    const isDue = this.#unwritten.size >= flushAfterEntries || Date.now() - this.#flushedAt >= flushAfterMs;
    if (isDue) this.#flush();
    return Promise.resolve();
  }

  requireSound(): void {
    if (this.#unsound !== undefined) throw this.#unsound;
  }

  erase(): Promise<void> {
    this.#unwritten.clear();
    this.#write(() => {
      // What another process took over is that one's.
      if (this.#meta()?.owner !== this.#owner) return;
      this.#checkpoint = undefined;
      this.#clear();
      this.#putMeta(Date.now());
    });
    return Promise.resolve();
  }

  close(): Promise<void> {
    if (this.#unsound === undefined) this.#flush();
    this.#database.close();
    return Promise.resolve();
  }

  /** Writes what was gathered, unless another owner came or the disk does not take it. */
  #flush(): void {
    this.#flushedAt = Date.now();
    try {
      this.#write(() => {
        if (this.#meta()?.owner !== this.#owner) throw new Error("another process took the state over");
        for (const change of this.#unwritten.changes()) this.#put(change);
        this.#putMeta(Date.now());
      });
      this.#unwritten.clear();
    } catch (error) {
      this.#unsound = unsound("The partition's state cannot be written to its folder.", error);
    }
  }

  #write(act: () => void): void {
    this.#database.exec("begin immediate");
    try {
      act();
      this.#database.exec("commit");
    } catch (error) {
      // SQLite has rolled back by itself where the disk is full.
      if (this.#database.isTransaction) this.#database.exec("rollback");
      throw error;
    }
  }

  #put({ table, key, value, rank }: Change): void {
    const { keys, place, cache } = this.#plan;
    const name = nameIn(table, key);
    cache.delete(this.#scope + name);
    const hashed = keys.nameOf(name);
    if (value === undefined) this.#count -= Number(this.#statements.remove.run(hashed).changes);
    else {
      const text = JSON.stringify([table, key, value]);
      const sealed = keys.seal(Buffer.from(text), place);
      if (this.#statements.update.run(sealed, rank ?? null, hashed).changes === 0) {
        this.#statements.insert.run(hashed, keys.nameOf(table), sealed, rank ?? null);
        this.#count += 1;
      }
      this.#remember(hashed, name, value, text.length);
    }
  }

  /** `length` is that of the value's JSON. */
  #remember(hashed: string, name: string, value: unknown, length: number): void {
    const { cache } = this.#plan;
    cache.set(this.#scope + name, { value, length });
    cache.set(this.#scope + hashed, { value: name, length: name.length });
  }

  /** From the cache alone. */
  #known({ name: hashed }: Record<string, unknown>, table: string): KeyAndValue | undefined {
    const { cache } = this.#plan;
    const name = cache.get(this.#scope + String(hashed))?.value as string | undefined;
    const cached = name === undefined ? undefined : cache.get(this.#scope + name);
    return name === undefined || cached === undefined
      ? undefined
      : { key: name.slice(nameIn(table, "").length), value: cached.value };
  }

  #read(row: Record<string, unknown>): KeyAndValue {
    const { keys, place } = this.#plan;
    try {
      const text = keys.open(row.sealed as Uint8Array, place).toString();
      const [table, key, value] = JSON.parse(text) as [string, string, unknown];
      this.#remember(String(row.name), nameIn(table, key), value, text.length);
      return { key, value };
    } catch (error) {
      this.#unsound = unsound("An entry of the partition's state cannot be read.", error);
      throw this.#unsound;
    }
  }

  /** One whose place in the changelog is not known could not be caught up. */
  #isTrusted({ version, cluster, place, writtenAt, checkpoint }: Meta): boolean {
    const age = Date.now() - writtenAt;
    const isOwn = cluster === this.#plan.cluster && place === this.#plan.place;
    const isReadable = version === layoutVersion || version === layoutVersion - 1;
    return isReadable && isOwn && age >= 0 && age < oldestMs && checkpoint !== null;
  }

  /** Gives entries of the layout before their ranks. */
  #rankAll(): void {
    for (const table of this.#plan.tables) {
      for (const row of this.#statements.inTable.all(this.#plan.keys.nameOf(table.name), -1)) {
        const { key, value } = this.#read(row);
        this.#statements.setRank.run(rankIn(table, value, key) ?? null, String(row.name));
      }
    }
  }

  #meta(): Meta | undefined {
    const row = this.#statements.meta.get() as { text: string } | undefined;
    return row === undefined ? undefined : (JSON.parse(row.text) as Meta);
  }

  #putMeta(writtenAt: number): void {
    const { cluster, place } = this.#plan;
    const { offset, digest } = this.#checkpoint ?? {};
    const checkpoint =
      offset === undefined || digest === undefined ? null : { offset: String(offset), digest };
    const meta: Meta = { version: layoutVersion, cluster, place, owner: this.#owner, writtenAt, checkpoint };
    this.#statements.putMeta.run(JSON.stringify(meta));
  }

  #clear(): void {
    this.#database.exec("delete from entries");
    this.#count = 0;
    this.#scope = randomUUID();
  }
}

interface Statements {
  readonly get: StatementSync;
  readonly inTable: StatementSync;
  readonly ranked: StatementSync;
  readonly setRank: StatementSync;
  readonly count: StatementSync;
  readonly insert: StatementSync;
  readonly update: StatementSync;
  readonly remove: StatementSync;
  readonly meta: StatementSync;
  readonly putMeta: StatementSync;
}

const statementsOf = (database: DatabaseSync): Statements => ({
  get: database.prepare("select name, sealed from entries where name = ?"),
  inTable: database.prepare("select name, sealed from entries where in_table = ? limit ?"),
  ranked: database.prepare(
    "select name, rank from entries where in_table = ? and rank >= ? and rank < ? order by rank limit ?",
  ),
  setRank: database.prepare("update entries set rank = ? where name = ?"),
  count: database.prepare("select count(*) as count from entries"),
  insert: database.prepare("insert into entries values (?, ?, ?, ?)"),
  update: database.prepare("update entries set sealed = ?, rank = ? where name = ?"),
  remove: database.prepare("delete from entries where name = ?"),
  meta: database.prepare("select text from meta"),
  putMeta: database.prepare(
    "insert into meta values (1, ?) on conflict (the) do update set text = excluded.text",
  ),
});

const checkpointIn = ({ checkpoint }: Meta): Checkpoint | undefined =>
  checkpoint === null ? undefined : { offset: BigInt(checkpoint.offset), digest: checkpoint.digest };

/** Tables and keys hold no zero byte. */
const nameIn = (table: string, key: string): string => `${table}\0${key}`;

const unsound = (message: string, cause: unknown): PavilionError =>
  new PavilionError("STATE_UNSOUND", message, undefined, { cause });

/** What an entry takes in memory beside its text, about. */
const entryOverhead = 200;

/**
 * Opens partitions' states below one folder, by their changelogs' places; they share a cache of values of so many bytes.
 * What SQLite does not read is begun anew. Throws STATE_NEWER, and touches nothing, where a later version of this program left one.
 */
export function statesIn(
  folder: string,
  plan: Pick<DiskStatePlan, "cluster" | "keys">,
  cacheBytes = 256 * 1024 * 1024,
): (place: string, tables: readonly RankedTable[]) => CommittedState {
  mkdirSync(folder, { recursive: true, mode: 0o700 });
  requireNoneNewer(folder);
  const cache = new LRUCache<string, CachedValue>({
    maxSize: cacheBytes,
    sizeCalculation: ({ length }, place) => length + place.length + entryOverhead,
  });
  return (place, tables) => {
    const file = fileOf(place, folder);
    const own = { ...plan, place, cache, file, tables };
    try {
      bringUp(place, folder);
      return new DiskState(own);
    } catch {
      removeDatabase(file);
      return new DiskState(own);
    }
  };
}

/** The column that the layout before did not have. */
function addRank(database: DatabaseSync): void {
  const columns = database.prepare("select name from pragma_table_info('entries')").all();
  if (columns.length > 0 && !columns.some(({ name }) => name === "rank"))
    database.exec("alter table entries add column rank real");
}
