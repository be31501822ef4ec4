/**
 * A stage's durable state: a compacted topic with one record a key. Keys are keyed hashes and values are sealed, since
 * tokens and attribute values are state; a deletion says in a sealed header what it deletes.
 */
import { createHash } from "node:crypto";
import type { Message } from "kafkajs";
import { PavilionError } from "../../errors/errors.ts";
import type { Sealer } from "../registry/codec.ts";
import { rankIn, type Change, type RankedTable } from "../contract/state.ts";
import type { Checkpoint } from "../state/committed.ts";
import type { StateStore } from "../state/store.ts";
import type { KafkaRecord } from "./wire/record.ts";

export interface ChangelogKeys extends Sealer {
  /** A deterministic name that reveals nothing of the text. */
  nameOf(text: string): string;
}

const barrierTable = "@barrier";
const deletedHeader = "deleted";
const flushAfter = 1_000;

export class Changelog {
  readonly #address: string;
  readonly #keys: ChangelogKeys;
  readonly #tables: ReadonlyMap<string, RankedTable>;

  /** Ranks are not in the changelog: the stage's tables say them of what it holds. */
  constructor(address: string, keys: ChangelogKeys, tables: readonly RankedTable[] = []) {
    this.#address = address;
    this.#keys = keys;
    this.#tables = new Map(tables.map((table) => [table.name, table]));
  }

  /** The record of one change; a tombstone where the value is undefined. */
  messageOf({ table, key, value }: Change, partition: number): Message {
    const name = this.#keys.nameOf(`${table}\0${key}`);
    const seal = (entry: unknown[]): Buffer =>
      this.#keys.seal(Buffer.from(JSON.stringify(entry)), this.placeOf(partition));
    return value === undefined
      ? { key: name, value: null, partition, headers: { [deletedHeader]: seal([table, key]) } }
      : { key: name, value: seal([table, key, value]), partition };
  }

  /** A record that no earlier owner of the partition can have written. */
  barrierOf(id: string, partition: number): Message {
    return this.messageOf({ table: barrierTable, key: "", value: id }, partition);
  }

  /**
   * Replays records in order, from the store's checkpoint or into an empty store, until it meets its own barrier. Throws
   * STATE_UNSOUND where the first record is not the one that the checkpoint knows.
   */
  replayInto(
    store: StateStore,
    barrier: string,
    partition: number,
    checkpoint: Checkpoint | undefined,
  ): Replay {
    let expected = checkpoint;
    let waiting = 0;
    return {
      apply: async (messages) => {
        for (const message of messages) {
          if (expected !== undefined) requireKnown(message, expected);
          expected = undefined;
          const change = this.#changeIn(message, partition);
          const isBarrier = change.table === barrierTable;
          if (!isBarrier) store.stage([change]);
          if (isBarrier || ++waiting % flushAfter === 0) await store.commit(checkpointAt(message));
          if (isBarrier && change.value === barrier) return true;
        }
        return false;
      },
    };
  }

  /** What a partition's records are sealed for. */
  placeOf(partition: number): string {
    return `${this.#address}/${String(partition)}`;
  }

  #changeIn({ value, headers }: KafkaRecord, partition: number): Change {
    const sealed = value ?? headers.get(deletedHeader);
    if (sealed === undefined) throw new Error("a changelog's record says nothing");
    const entry = this.#keys.open(sealed, this.placeOf(partition)).toString();
    const [table, key, kept] = JSON.parse(entry) as [string, string, unknown];
    if (value === null) return { table, key, value: undefined };
    const ranked = this.#tables.get(table);
    const rank = ranked === undefined ? undefined : rankIn(ranked, kept, key);
    return { table, key, value: kept, ...(rank === undefined ? {} : { rank }) };
  }
}

/** The place of a record that was read. */
const checkpointAt = (message: KafkaRecord): Checkpoint => ({
  offset: BigInt(message.offset),
  digest: digestOf(message),
});

/** What a record is known by. */
export const digestOf = ({ key, value }: Pick<Message, "key" | "value">): string =>
  createHash("sha256")
    .update(key ?? "")
    .update("\0")
    .update(value ?? "")
    .digest("hex");

/** Another record in its place is of another changelog; one that was compacted away could be, and nothing would tell. */
function requireKnown(first: KafkaRecord, { offset, digest }: Checkpoint): void {
  if (BigInt(first.offset) === offset && digest === digestOf(first)) return;
  throw new PavilionError("STATE_UNSOUND", "The changelog does not continue where the state's folder ends.");
}

export interface Replay {
  /** True once the barrier is met: the store then holds all that was ever committed. */
  readonly apply: (messages: readonly KafkaRecord[]) => Promise<boolean>;
}
