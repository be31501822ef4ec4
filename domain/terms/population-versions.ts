/**
 * The versions of every population that a party has read. Each carries the signatures of its own providers, and of all those
 * of the version before that remain; a dataset belongs to the first population that names it, for ever, whatever its provider's key
 * becomes.
 */
import { PavilionError } from "../../errors/errors.ts";
import type { PopulationEntry } from "../../schemas/avro/index.ts";
import type { Population, PopulationDataset } from "../../schemas/json/population.ts";
import { requireContinued } from "./departure.ts";
import { signersOf, verifyPopulation } from "./population.ts";
import { Versions, type KnownVersion } from "./versions.ts";

type KnownPopulation = KnownVersion<Population, PopulationEntry>;

export class PopulationVersions extends Versions<Population, PopulationEntry> {
  /** Populations by each name of a dataset. */
  readonly #owners = new Map<string, string>();

  constructor() {
    super({
      kind: "population",
      read: verifyPopulation,
      follow: (chain, next) => {
        this.#follow(chain.at(-1), next);
      },
    });
  }

  /** The population that a dataset belongs to. */
  populationWith(dataset: PopulationDataset): string | undefined {
    return namesOf(dataset)
      .map((name) => this.#owners.get(name))
      .find((owner) => owner !== undefined);
  }

  #follow(last: KnownPopulation | undefined, { document, entry }: KnownPopulation): void {
    for (const dataset of document.datasets) {
      const owner = this.populationWith(dataset);
      if (owner !== undefined && owner !== document.id) throw taken(dataset, owner);
    }
    if (last === undefined) {
      if (entry.departures.length > 0)
        throw new PavilionError(
          "DOCUMENT_INVALID",
          "Nobody can leave a population before its first version.",
        );
    } else {
      const left = { of: "population", id: document.id, digest: last.digest } as const;
      const { signatures, departures } = entry;
      requireContinued(left, signersOf(last.document), {
        document,
        signers: signersOf(document),
        signatures,
        departures,
      });
    }
    for (const dataset of document.datasets)
      for (const name of namesOf(dataset)) this.#owners.set(name, document.id);
  }
}

/** A dataset is its provider's key and its id; a provider's new key makes no new dataset of the same name. */
const namesOf = ({ provider, key, dataset }: PopulationDataset): string[] => [
  `key ${key} ${dataset}`,
  `provider ${provider} ${dataset}`,
];

const taken = ({ provider, dataset }: PopulationDataset, owner: string): PavilionError =>
  new PavilionError(
    "DATASET_TAKEN",
    `The dataset ${dataset} of ${provider} belongs to the population ${owner}.`,
  );
