/**
 * Noise seeds of a region, as everybody knows them: anchored before use, open for a while, then closed. What a request
 * names is a seed's commitment, so that whoever draws the noise could not choose the seed after the request.
 */
import { PavilionError } from "../../errors/errors.ts";
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

/** A seed, 64 bytes, secret; undefined where its key was destroyed, as after a region was put back from a backup. */
export async function seedUnlessDestroyed(
  seed: (id: number) => Promise<Uint8Array>,
  id: number,
): Promise<Uint8Array | undefined> {
  try {
    return await seed(id);
  } catch (error) {
    if (error instanceof PavilionError && error.code === "HSM_KEY_MISSING") return undefined;
    throw error;
  }
}
