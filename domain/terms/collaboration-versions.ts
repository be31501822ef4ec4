/**
 * The versions of every collaboration that a party has read, each once its signatures hold, its own providers' and those of all
 * the version before that remain, and once it may come after every version known before it. The connector and the
 * agents hold the same view, so that no agent follows a version that the connector refuses.
 *
 * Versions of the earlier format, which names no predecessor, are kept as history: the first of this format goes on from
 * the last of them.
 */
import { digestOf } from "../../crypto/jws/canonical.ts";
import { PavilionError } from "../../errors/errors.ts";
import type { CollaborationEntry } from "../../schemas/avro/index.ts";
import type { Collaboration } from "../../schemas/json/collaboration.ts";
import type { EarlierCollaboration } from "../../schemas/json/earlier-collaboration.ts";
import {
  isEarlier,
  requireSuccessor,
  verifyCollaboration,
  verifyEarlierCollaboration,
  type AnyCollaboration,
  type CollaborationTable,
} from "./collaboration.ts";
import { requireContinued } from "./departure.ts";
import { Versions, type KnownVersion } from "./versions.ts";

interface EarlierVersion {
  readonly document: EarlierCollaboration;
  readonly entry: CollaborationEntry;
  readonly digest: string;
}

export class CollaborationVersions
  extends Versions<Collaboration, CollaborationEntry>
  implements CollaborationTable
{
  readonly #earlier = new Map<string, EarlierVersion[]>();

  constructor() {
    super({
      kind: "collaboration",
      read: verifyCollaboration,
      origin: (id) => this.#earlier.get(id)?.at(-1),
      follow: (chain, next) => {
        this.#requireFollowing(chain, next);
      },
    });
  }

  get earlier(): readonly EarlierCollaboration[] {
    return [...this.#earlier.values()].flat().map(({ document }) => document);
  }

  /** All versions of either format, oldest first. */
  versionsOf(id: string): AnyCollaboration[] {
    return this.#before(id, this.chainOf(id)).map(({ document }) => document);
  }

  override entryOf(id: string, version: number): CollaborationEntry | undefined {
    return this.#before(id, this.chainOf(id)).find(({ document }) => document.version === version)?.entry;
  }

  override get ids(): string[] {
    return [...new Set([...super.ids, ...this.#earlier.keys()])].sort();
  }

  /**
   * Takes in an entry of either format; the document where it is new. Throws what verifyCollaboration and Versions throw, and
   * DOCUMENT_INVALID where it may not follow.
   */
  override add(entry: CollaborationEntry): Collaboration | undefined {
    if (!isEarlierText(entry.document)) return super.add(entry);
    this.#addEarlier(entry);
    return undefined;
  }

  #addEarlier(entry: CollaborationEntry): void {
    const document = verifyEarlierCollaboration(entry);
    const { id, version } = document;
    const digest = digestOf(document);
    const known = this.#earlier.get(id) ?? [];
    const last = known.at(-1);
    if (known.some((one) => one.digest === digest)) return;
    if (this.chainOf(id).length > 0 || (last !== undefined && version <= last.document.version)) {
      const message = `Version ${String(version)} of the collaboration ${id} is of an earlier format, and a later version is published already.`;
      throw new PavilionError("VERSION_SUPERSEDED", message);
    }
    for (const before of known) requireSuccessor(before.document, document);
    this.#earlier.set(id, [...known, { document, entry, digest }]);
    this.resume(digest);
  }

  /** The last one alone would not do: a provider that left may come back with other columns, in the epoch it left. */
  #requireFollowing(
    chain: readonly KnownVersion<Collaboration, CollaborationEntry>[],
    { document, entry }: KnownVersion<Collaboration, CollaborationEntry>,
  ): void {
    const before = this.#before(document.id, chain);
    const last = before.at(-1);
    const { signatures, departures } = entry;
    if (last !== undefined) {
      const left = { of: "collaboration", id: document.id, digest: last.digest } as const;
      const next = { document, signers: document.providers, signatures, departures };
      requireContinued(left, last.document.providers, next);
    } else if (departures.length > 0) {
      const message = "Nobody can leave a collaboration before its first version.";
      throw new PavilionError("DOCUMENT_INVALID", message);
    }
    for (const previous of before) requireSuccessor(previous.document, document);
  }

  #before(
    id: string,
    chain: readonly KnownVersion<Collaboration, CollaborationEntry>[],
  ): (EarlierVersion | KnownVersion<Collaboration, CollaborationEntry>)[] {
    return [...(this.#earlier.get(id) ?? []), ...chain];
  }
}

/** What is no JSON is of no format, and refused as one of this. */
function isEarlierText(text: string): boolean {
  try {
    const document: unknown = JSON.parse(text);
    return typeof document === "object" && document !== null && isEarlier(document);
  } catch {
    return false;
  }
}
