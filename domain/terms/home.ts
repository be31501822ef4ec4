/**
 * Where and under which terms a collaboration is answered: the population that it is over, with all of its datasets among the
 * population's, and the home of that population that a region is.
 */
import { compareFractions, formatFraction, fraction, parseFraction } from "../../crypto/fraction/fraction.ts";
import { digestOf } from "../../crypto/jws/canonical.ts";
import { PavilionError } from "../../errors/errors.ts";
import type { Collaboration } from "../../schemas/json/collaboration.ts";
import type { Home, Population } from "../../schemas/json/population.ts";
import type { CollaborationTable } from "./collaboration.ts";
import { hasDataset, homeIn } from "./population.ts";

/** Verified populations of a region, at their latest versions. */
export interface PopulationTable {
  latest(id: string): Population | undefined;
}

/** A table whose documents can be told one by one, with every version of each. */
export interface Listed<D> {
  readonly ids: readonly string[];
  chainOf(id: string): readonly { readonly document: D }[];
}

export interface CollaborationHome {
  readonly population: Population;
  readonly home: Home;
}

/**
 * The latest version of a collaboration. Throws UNKNOWN_COLLABORATION, or EARLIER_COLLABORATION where all of its versions are
 * of the format before populations were documents.
 */
export function collaborationNamed(id: string, collaborations: CollaborationTable): Collaboration {
  const collaboration = collaborations.latest(id);
  if (collaboration !== undefined) return collaboration;
  if (collaborations.earlier.some((earlier) => earlier.id === id)) {
    throw new PavilionError(
      "EARLIER_COLLABORATION",
      `The collaboration ${id} is in an earlier format, under which nothing can be asked any more.`,
    );
  }
  throw new PavilionError("UNKNOWN_COLLABORATION", `The region has no collaboration ${id}.`);
}

/** Throws UNKNOWN_POPULATION, OUTSIDE_POPULATION or NOT_HOME_REGION. */
export function homeOf(
  collaboration: Collaboration,
  region: string,
  populations: PopulationTable,
): CollaborationHome {
  const population = populations.latest(collaboration.population);
  if (population === undefined) {
    const message = `The region has no population ${collaboration.population}, which the collaboration is over.`;
    throw new PavilionError("UNKNOWN_POPULATION", message);
  }
  requireWithin(collaboration, population);
  const home = homeIn(population, region);
  if (home === undefined) {
    const homes = population.homes.map((one) => one.region).join(", ");
    throw new PavilionError(
      "NOT_HOME_REGION",
      `The collaboration's data is at home in ${homes}, not in ${region}.`,
    );
  }
  return { population, home };
}

/** Throws OUTSIDE_POPULATION that names a dataset which the population does not have under that provider and key. */
export function requireWithin({ providers, population: name }: Collaboration, population: Population): void {
  if (population.id !== name)
    throw new PavilionError("OUTSIDE_POPULATION", `The collaboration's population is not ${population.id}.`);
  for (const { id: provider, key, dataset } of providers) {
    if (hasDataset(population, { provider, key, dataset })) continue;
    throw new PavilionError(
      "OUTSIDE_POPULATION",
      `The population ${population.id} does not have the dataset ${dataset} of ${provider} under the key that the collaboration pins.`,
    );
  }
}

/**
 * The accounts that the ledger has from before the population was a document: those that any earlier collaboration over one of its
 * datasets named. What was spent goes with a dataset, whatever its provider's key became.
 */
export function accountsBefore(
  { datasets }: Pick<Population, "datasets">,
  { earlier }: Pick<CollaborationTable, "earlier">,
): string[] {
  const isOver = (provider: string, key: string, dataset: string): boolean =>
    datasets.some((one) => one.dataset === dataset && (one.provider === provider || one.key === key));
  const named = earlier
    .filter(({ providers }) => providers.some(({ id, key, dataset }) => isOver(id, key, dataset)))
    .map(({ population }) => population);
  return [...new Set(named)].sort();
}

/** What a plan says of the population that pays and of its home that answers. */
export function populationTerms({ population, home }: CollaborationHome) {
  const { region, share } = home;
  const [first] = share.windows;
  if (first === undefined) throw new Error("the schema lets no share be without a window");
  return {
    home: region,
    population: population.id,
    populationVersion: population.version,
    populationDigest: digestOf(population),
    jurisdiction: population.jurisdiction,
    budgetTotal: share.epsilon,
    budgetDelta: share.delta,
    budgetWindow: first.epsilon,
    budgetWindowDays: first.days,
    budgetWindows: share.windows.map(({ days, epsilon, delta }) => ({ days, epsilon, delta })),
  };
}

/** What may be spent of a population at its home. */
export interface HomeTerms {
  readonly terms: ReturnType<typeof populationTerms> & { readonly carried: string[] };
  /** The largest share that any version of its document gave the home. */
  readonly largest: { readonly budgetTotal: string; readonly budgetDelta: string };
  /** The ε of the dearest question that any version of a collaboration over it allows. */
  readonly dearest: string;
}

/** Every population that is at home in a region, at its latest version. */
export function homesAt(
  region: string,
  {
    populations,
    collaborations,
  }: {
    readonly populations: PopulationTable & Listed<Population>;
    readonly collaborations: CollaborationTable & Listed<Collaboration>;
  },
): HomeTerms[] {
  const asked = collaborations.ids
    .flatMap((id) => collaborations.chainOf(id))
    .map(({ document }) => document);
  return populations.ids.flatMap((id) => {
    const population = populations.latest(id);
    if (population === undefined) return [];
    const home = homeIn(population, region);
    if (home === undefined) return [];
    const prices = asked
      .filter((one) => one.population === id)
      .map(({ budget }) => budget.epsilonPerQuestion);
    const shares = populations.chainOf(id).flatMap(({ document }) => homeIn(document, region)?.share ?? []);
    return [
      {
        terms: {
          ...populationTerms({ population, home }),
          carried: accountsBefore(population, collaborations),
        },
        largest: {
          budgetTotal: greatest(shares.map(({ epsilon }) => epsilon)),
          budgetDelta: greatest(shares.map(({ delta }) => delta)),
        },
        dearest: greatest(prices),
      },
    ];
  });
}

const greatest = (amounts: readonly string[]): string =>
  formatFraction(
    amounts.map(parseFraction).reduce((a, b) => (compareFractions(a, b) < 0 ? b : a), fraction(0n)),
  );
