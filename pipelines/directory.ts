/**
 * A pipeline's view of the region's tables: the populations and collaborations that hold, the providers that the operator
 * admitted, who was cut off, and the noise seeds that are anchored.
 */
import { CollaborationVersions } from "../domain/terms/collaboration-versions.ts";
import { PopulationVersions } from "../domain/terms/population-versions.ts";
import type { CollaborationTable } from "../domain/terms/collaboration.ts";
import type { Listed, PopulationTable } from "../domain/terms/home.ts";
import { Seeds, type SeedTable } from "../domain/log/seeds.ts";
import { Standing, type StandingTable } from "../domain/terms/standing.ts";
import type { Collaboration } from "../schemas/json/collaboration.ts";
import type { Population } from "../schemas/json/population.ts";
import type { TableEntry } from "../runtime/kafka/tables.ts";
import type {
  CollaborationEntry,
  PopulationEntry,
  ProviderEntry,
  RestoreEntry,
} from "../schemas/avro/index.ts";

/** What stages ask of the tables. */
export interface Tables {
  readonly collaborations: CollaborationTable & EntryTable<CollaborationEntry> & Listed<Collaboration>;
  readonly populations: PopulationTable & EntryTable<PopulationEntry> & Listed<Population>;
  readonly seeds: SeedTable;
  readonly standing: StandingTable;
  /** Those admitted, in order. */
  readonly providers: readonly string[];
  /** How the region was last put back from a backup, if it ever was. */
  readonly restore: RestoreEntry | undefined;
}

interface EntryTable<E> {
  /** A version as it was published, signatures included. */
  entryOf(id: string, version: number): E | undefined;
}

export class Directory implements Tables {
  readonly collaborations = new CollaborationVersions();
  readonly populations = new PopulationVersions();
  readonly seeds = new Seeds();
  readonly standing = new Standing();
  readonly #providers = new Set<string>();
  #restore: RestoreEntry | undefined;
  readonly #providersChanged: (providers: string[]) => void;

  constructor(providersChanged: (providers: string[]) => void = () => undefined) {
    this.#providersChanged = providersChanged;
  }

  get restore(): RestoreEntry | undefined {
    return this.#restore;
  }

  get providers(): string[] {
    return [...this.#providers].sort();
  }

  /** Takes in one entry of any table. Throws a coded error for one that does not hold. */
  readonly apply = (entry: TableEntry): void => {
    if (entry.topic === "config.collaborations") this.collaborations.add(entry.value);
    if (entry.topic === "config.populations") this.populations.add(entry.value);
    if (entry.topic === "config.providers") this.#applyProvider(entry.value);
    if (entry.topic === "config.brokers") this.standing.addBroker(entry.value);
    if (entry.topic === "config.seeds") this.seeds.add(entry.value);
    if (entry.topic === "config.restores") this.#restore = entry.value;
  };

  #applyProvider(entry: ProviderEntry): void {
    this.standing.addProvider(entry);
    const known = this.#providers.has(entry.provider);
    if (known === entry.admitted) return;
    if (entry.admitted) this.#providers.add(entry.provider);
    else this.#providers.delete(entry.provider);
    this.#providersChanged(this.providers);
  }
}
