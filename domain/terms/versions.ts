/**
 * The versions of documents that a table holds, each once it holds by itself and after the one before: a version names its
 * predecessor by digest and is one higher, so that versions make one chain. The first that follows a version stands; a sibling
 * of it is refused, whatever its signatures. A version that is known never changes.
 *
 * Promises: all who read the same table hold the same chains. A version that comes before its predecessor, as after a
 * compaction, waits for it. Does not: forget anything; a table grows with its publishing alone.
 */
import { digestOf } from "../../crypto/jws/canonical.ts";
import { PavilionError } from "../../errors/errors.ts";
import type { Departure, DocumentSignature } from "../../schemas/avro/index.ts";

export interface Versioned {
  readonly id: string;
  readonly version: number;
  /** Digest of the version before; null for the first. */
  readonly previous: string | null;
}

/** A version as its table holds it. */
export interface VersionEntry {
  readonly id: string;
  readonly version: number;
  readonly document: string;
  readonly signatures: DocumentSignature[];
  readonly departures: Departure[];
}

export interface KnownVersion<D extends Versioned, E extends VersionEntry> {
  readonly document: D;
  readonly entry: E;
  /** SHA-256 of the document, in hexadecimal digits. */
  readonly digest: string;
}

/** A version that stands outside the chain, before it. */
interface Origin {
  readonly document: { readonly version: number };
  readonly digest: string;
}

/** What holds a kind of document together. */
export interface VersionRules<D extends Versioned, E extends VersionEntry> {
  /** Such as `population`. */
  readonly kind: string;
  /** The document in an entry, once it holds by itself. Throws a PavilionError. */
  readonly read: (entry: E) => D;
  /** What the first version of a document goes on from; nothing where it is absent. */
  readonly origin?: (id: string) => Origin | undefined;
  /** Throws a PavilionError where the next one may not come after these, the last one before it last. */
  readonly follow: (chain: readonly KnownVersion<D, E>[], next: KnownVersion<D, E>) => void;
}

export class Versions<D extends Versioned, E extends VersionEntry> {
  readonly #rules: VersionRules<D, E>;
  readonly #chains = new Map<string, KnownVersion<D, E>[]>();
  /** Versions whose predecessor has not come yet, by its digest. */
  readonly #waiting = new Map<string, KnownVersion<D, E>[]>();

  constructor(rules: VersionRules<D, E>) {
    this.#rules = rules;
  }

  /** In order, the first version first. */
  chainOf(id: string): readonly KnownVersion<D, E>[] {
    return this.#chains.get(id) ?? [];
  }

  known(id: string, version: number): KnownVersion<D, E> | undefined {
    return this.chainOf(id).find(({ document }) => document.version === version);
  }

  latest(id: string): D | undefined {
    return this.chainOf(id).at(-1)?.document;
  }

  at(id: string, version: number): D | undefined {
    return this.known(id, version)?.document;
  }

  /** A version as it was published, signatures included. */
  entryOf(id: string, version: number): E | undefined {
    return this.known(id, version)?.entry;
  }

  get ids(): string[] {
    return [...this.#chains.keys()].sort();
  }

  /**
   * Takes in an entry; its document where it is new. Throws VERSION_SUPERSEDED for a sibling of a version that stands,
   * VERSION_EARLY for one whose predecessor has not come (it is taken in when it does), and whatever the rules throw.
   */
  add(entry: E): D | undefined {
    const document = this.#rules.read(entry);
    const next = { document, entry, digest: digestOf(document) };
    if (this.known(document.id, document.version)?.digest === next.digest) return undefined;
    this.#place(next);
    this.resume(next.digest);
    return document;
  }

  #place(next: KnownVersion<D, E>): void {
    const { id, version, previous } = next.document;
    const chain = this.#chains.get(id) ?? [];
    const last = chain.at(-1) ?? this.#rules.origin?.(id);
    const standing = this.known(id, version);
    if (standing !== undefined) throw this.#superseded(id, standing);
    if (previous !== (last?.digest ?? null)) throw this.#misplaced(next, chain);
    if (version !== (last?.document.version ?? 0) + 1) {
      const what = `Version ${String(version)} of the ${this.#rules.kind} ${id} is not one higher than the version before it.`;
      throw new PavilionError("DOCUMENT_INVALID", what);
    }
    this.#rules.follow(chain, next);
    chain.push(next);
    this.#chains.set(id, chain);
  }

  /** Keeps one whose predecessor may still come. */
  #misplaced(next: KnownVersion<D, E>, chain: readonly KnownVersion<D, E>[]): PavilionError {
    const { id, version, previous } = next.document;
    const last = chain.at(-1);
    const isPassed = previous === null || chain.some(({ digest }) => digest === previous);
    const standing = last ?? this.#rules.origin?.(id);
    if (standing !== undefined && isPassed) return this.#superseded(id, standing);
    if (previous !== null) this.#waiting.set(previous, [...(this.#waiting.get(previous) ?? []), next]);
    return new PavilionError(
      "VERSION_EARLY",
      `The version that version ${String(version)} of the ${this.#rules.kind} ${id} names as its previous is not published here.`,
    );
  }

  /** Takes in what waited for a version: the first that may follow it, as if it had come now. */
  protected resume(digest: string): void {
    const waiting = this.#waiting.get(digest) ?? [];
    this.#waiting.delete(digest);
    for (const next of waiting) {
      try {
        this.#place(next);
      } catch (error) {
        if (error instanceof PavilionError) continue;
        throw error;
      }
      this.resume(next.digest);
    }
  }

  #superseded(id: string, { document: { version }, digest }: Origin): PavilionError {
    return new PavilionError(
      "VERSION_SUPERSEDED",
      `Version ${String(version)} of the ${this.#rules.kind} ${id} is published already, as a different document: ${digest}.`,
      `Make the change in version ${String(version + 1)}, whose previous is ${digest}.`,
    );
  }
}
