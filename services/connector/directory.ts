/**
 * The connector's view of `config.collaborations` and `config.providers`. An entry counts only once every participant's
 * signature over it holds and it may come after every version known before it; a version that is known never changes.
 */
import {
  requireSuccessor,
  verifyCollaboration,
  type CollaborationTable,
} from "../../documents/collaboration.ts";
import type { Log } from "../../runtime/log.ts";
import type { Codec } from "../../runtime/registry/codec.ts";
import type { TableRecord } from "../../runtime/kafka/tables.ts";
import type { Collaboration } from "../../schemas/json/collaboration.ts";

export class Directory implements CollaborationTable {
  readonly #versions = new Map<string, Map<number, Collaboration>>();
  readonly #providers = new Set<string>();
  readonly #codec: Codec;
  readonly #log: Log;
  readonly #providersChanged: (providers: string[]) => void;

  constructor(codec: Codec, log: Log, providersChanged: (providers: string[]) => void) {
    this.#codec = codec;
    this.#log = log;
    this.#providersChanged = providersChanged;
  }

  latest(id: string): Collaboration | undefined {
    const versions = this.#versions.get(id);
    return versions?.get(Math.max(...versions.keys()));
  }

  at(id: string, version: number): Collaboration | undefined {
    return this.#versions.get(id)?.get(version);
  }

  get providers(): string[] {
    return [...this.#providers].sort();
  }

  /** Takes in one record of either table; an entry that does not hold is logged and left out. */
  async apply(record: TableRecord): Promise<void> {
    if (record.value === null) return;
    try {
      if (record.topic === "config.collaborations") await this.#applyCollaboration(record.value);
      if (record.topic === "config.providers") await this.#applyProvider(record.value);
    } catch (error) {
      this.#log.error({ topic: record.topic, error }, "table entry is refused");
    }
  }

  async #applyCollaboration(value: Buffer): Promise<void> {
    const entry = await this.#codec.decode("config.collaborations", "CollaborationEntry", value);
    const document = verifyCollaboration(entry);
    const versions = this.#versions.get(document.id) ?? new Map<number, Collaboration>();
    if (versions.has(document.version)) return;
    // The last one alone would not do: a provider that left may come back with other columns, in the epoch it left.
    for (const previous of versions.values()) requireSuccessor(previous, document);
    this.#versions.set(document.id, versions.set(document.version, document));
  }

  async #applyProvider(value: Buffer): Promise<void> {
    const entry = await this.#codec.decode("config.providers", "ProviderEntry", value);
    const known = this.#providers.has(entry.provider);
    if (known === entry.admitted) return;
    if (entry.admitted) this.#providers.add(entry.provider);
    else this.#providers.delete(entry.provider);
    this.#providersChanged(this.providers);
  }
}
