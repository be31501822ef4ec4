/**
 * A stage's durable state: a compacted topic with one record a key. Keys are keyed hashes and values are sealed, since
 * tokens and attribute values are state.
 */
import type { Message } from "kafkajs";
import type { Sealer } from "../registry/codec.ts";
import type { Change } from "../stage.ts";
import type { StateStore } from "../state/store.ts";

export interface ChangelogKeys extends Sealer {
  /** A deterministic name that reveals nothing of the text. */
  nameOf(text: string): string;
}

const barrierTable = "@barrier";
const flushAfter = 1_000;

export class Changelog {
  readonly #address: string;
  readonly #keys: ChangelogKeys;

  constructor(address: string, keys: ChangelogKeys) {
    this.#address = address;
    this.#keys = keys;
  }

  /** The record of one change; a tombstone where the value is undefined. */
  messageOf(change: Change, partition: number): Message {
    const key = this.#keys.nameOf(`${change.table}\0${change.key}`);
    if (change.value === undefined) return { key, value: null, partition };
    const entry = JSON.stringify([change.table, change.key, change.value]);
    return { key, value: this.#keys.seal(Buffer.from(entry), this.#place(partition)), partition };
  }

  /** A record that no earlier owner of the partition can have written. */
  barrierOf(id: string, partition: number): Message {
    return this.messageOf({ table: barrierTable, key: "", value: id }, partition);
  }

  /** Replays records in order into an empty store until it meets its own barrier. */
  replayInto(store: StateStore, barrier: string, partition: number): Replay {
    const names = new Map<string, [table: string, key: string]>();
    const place = this.#place(partition);
    let waiting = 0;
    return {
      apply: (message) => {
        const name = message.key?.toString() ?? "";
        if (message.value === null) {
          const known = names.get(name);
          if (known !== undefined) store.stage([{ table: known[0], key: known[1], value: undefined }]);
        } else {
          const entry = this.#keys.open(message.value, place).toString();
          const [table, key, value] = JSON.parse(entry) as [string, string, unknown];
          if (table === barrierTable) {
            store.commit();
            return value === barrier;
          }
          names.set(name, [table, key]);
          store.stage([{ table, key, value }]);
        }
        if (++waiting % flushAfter === 0) store.commit();
        return false;
      },
    };
  }

  #place(partition: number): string {
    return `${this.#address}/${String(partition)}`;
  }
}

export interface Replay {
  /** True once the barrier is met: the store then holds all that was ever committed. */
  readonly apply: (message: { key: Buffer | null; value: Buffer | null }) => boolean;
}
