/**
 * A pipeline's view of the region's tables: the populations and collaborations that hold, the providers that the operator
 * admitted, who was cut off, and the noise seeds that are anchored.
 */
import { CollaborationVersions } from "../domain/terms/collaboration-versions.ts";
import { PopulationVersions } from "../domain/terms/population-versions.ts";
import { Seeds } from "../domain/log/seeds.ts";
import { Standing } from "../domain/terms/standing.ts";
import { PavilionError } from "../errors/errors.ts";
import type { Log } from "../runtime/log.ts";
import type { Codec } from "../runtime/registry/codec.ts";
import type { TableRecord } from "../runtime/kafka/tables.ts";

export class Directory {
  readonly collaborations = new CollaborationVersions();
  readonly populations = new PopulationVersions();
  readonly seeds = new Seeds();
  readonly standing = new Standing();
  readonly #providers = new Set<string>();
  readonly #codec: Codec;
  readonly #log: Log;
  readonly #providersChanged: (providers: string[]) => void;

  constructor(codec: Codec, log: Log, providersChanged: (providers: string[]) => void = () => undefined) {
    this.#codec = codec;
    this.#log = log;
    this.#providersChanged = providersChanged;
  }

  get providers(): string[] {
    return [...this.#providers].sort();
  }

  /** Takes in one record of any table; an entry that does not hold is logged and left out. */
  async apply(record: TableRecord): Promise<void> {
    if (record.value === null) return;
    try {
      if (record.topic === "config.collaborations") await this.#applyCollaboration(record.value);
      if (record.topic === "config.populations") await this.#applyPopulation(record.value);
      if (record.topic === "config.providers") await this.#applyProvider(record.value);
      if (record.topic === "config.brokers") {
        this.standing.addBroker(await this.#codec.decode("config.brokers", "BrokerEntry", record.value));
      }
      if (record.topic === "config.seeds") {
        this.seeds.add(await this.#codec.decode("config.seeds", "SeedEntry", record.value));
      }
    } catch (error) {
      // A registry that is away is no fault of the entry: the table stops, and with it the connector.
      if (!(error instanceof PavilionError)) throw error;
      this.#log.error({ topic: record.topic, error }, "table entry is refused");
    }
  }

  async #applyCollaboration(value: Buffer): Promise<void> {
    const entry = await this.#codec.decode("config.collaborations", "CollaborationEntry", value);
    this.collaborations.add(entry);
  }

  async #applyPopulation(value: Buffer): Promise<void> {
    this.populations.add(await this.#codec.decode("config.populations", "PopulationEntry", value));
  }

  async #applyProvider(value: Buffer): Promise<void> {
    const entry = await this.#codec.decode("config.providers", "ProviderEntry", value);
    this.standing.addProvider(entry);
    const known = this.#providers.has(entry.provider);
    if (known === entry.admitted) return;
    if (entry.admitted) this.#providers.add(entry.provider);
    else this.#providers.delete(entry.provider);
    this.#providersChanged(this.providers);
  }
}
