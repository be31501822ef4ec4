/**
 * The versions of every collaboration that a party has read, each once its signatures hold and it may come after every
 * version known before it. A version that is known never changes. The connector and the agents hold the same view, so
 * that no agent follows a version that the connector refuses.
 */
import type { CollaborationEntry } from "../schemas/avro/index.ts";
import type { Collaboration } from "../schemas/json/collaboration.ts";
import { requireSuccessor, verifyCollaboration, type CollaborationTable } from "./collaboration.ts";

export class CollaborationVersions implements CollaborationTable {
  readonly #versions = new Map<string, Map<number, Collaboration>>();
  readonly #entries = new Map<Collaboration, CollaborationEntry>();

  latest(id: string): Collaboration | undefined {
    const versions = this.#versions.get(id);
    return versions?.get(Math.max(...versions.keys()));
  }

  at(id: string, version: number): Collaboration | undefined {
    return this.#versions.get(id)?.get(version);
  }

  /** All versions, oldest first. */
  versionsOf(id: string): Collaboration[] {
    return [...(this.#versions.get(id)?.values() ?? [])].sort((one, other) => one.version - other.version);
  }

  /** A version as it was published, signatures included. */
  entryOf(id: string, version: number): CollaborationEntry | undefined {
    const known = this.at(id, version);
    return known === undefined ? undefined : this.#entries.get(known);
  }

  get ids(): string[] {
    return [...this.#versions.keys()].sort();
  }

  /** Takes in an entry; the collaboration where its version is new. Throws DOCUMENT_INVALID or BAD_SIGNATURE. */
  add(entry: CollaborationEntry): Collaboration | undefined {
    const document = verifyCollaboration(entry);
    const versions = this.#versions.get(document.id) ?? new Map<number, Collaboration>();
    if (versions.has(document.version)) return undefined;
    // The last one alone would not do: a provider that left may come back with other columns, in the epoch it left.
    for (const previous of versions.values()) requireSuccessor(previous, document);
    this.#versions.set(document.id, versions.set(document.version, document));
    this.#entries.set(document, entry);
    return document;
  }
}
