/**
 * Noise seeds of a region, as everybody knows them: anchored before use, open for a while, then closed. What a request
 * names is a seed's commitment, so that whoever draws the noise could not choose the seed after the request.
 */
import type { SeedEntry } from "../../schemas/avro/index.ts";

/** The seeds of a region. An entry is anchored before it is here. */
export interface SeedTable {
  /** The open seed of that commitment. */
  openSeed(commitment: string): SeedEntry | undefined;
  /** The open seed with the highest number. */
  newest(): SeedEntry | undefined;
}

export class Seeds implements SeedTable {
  readonly #entries = new Map<number, SeedEntry>();

  /** Takes in an entry; the last one of a number counts. */
  add(entry: SeedEntry): void {
    this.#entries.set(entry.id, entry);
  }

  openSeed(commitment: string): SeedEntry | undefined {
    return this.#open().find((entry) => entry.commitment === commitment);
  }

  newest(): SeedEntry | undefined {
    return this.#open().reduce<SeedEntry | undefined>(
      (newest, entry) => (newest === undefined || entry.id > newest.id ? entry : newest),
      undefined,
    );
  }

  #open(): SeedEntry[] {
    return [...this.#entries.values()].filter(({ open }) => open);
  }
}
