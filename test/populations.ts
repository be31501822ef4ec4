/**
 * Populations as providers sign them, for tests: `au-residents` of the datasets of alpha, beta and gamma, at home in `au`.
 */
import { createHash } from "node:crypto";
import { digestOf } from "../crypto/jws/canonical.ts";
import { ed25519FromSeed, type Ed25519Key } from "../crypto/jws/ed25519.ts";
import { signDeparture } from "../domain/terms/departure.ts";
import { populationText, signersOf, signPopulation } from "../domain/terms/population.ts";
import { publicKeyText } from "../domain/terms/signatures.ts";
import type { PopulationTable } from "../domain/terms/home.ts";
import type { Departure, PopulationEntry } from "../schemas/avro/index.ts";
import type { Collaboration } from "../schemas/json/collaboration.ts";
import type { EarlierCollaboration } from "../schemas/json/earlier-collaboration.ts";
import type { Population, PopulationDataset } from "../schemas/json/population.ts";
import type { RegionCard } from "../schemas/json/region-card.ts";
import { collaborationOf, participant, regionOpenerKey } from "./agent-messages.ts";

/** The key that a name stands for; a provider's first one has the provider's name. */
export const keyNamed = (name: string): Ed25519Key =>
  ed25519FromSeed(createHash("sha256").update(name).digest());

/** A provider's dataset, under the key of that name. */
export const datasetOf = (
  provider: string,
  key = provider,
  dataset = `${provider}-people`,
): PopulationDataset => ({
  provider,
  key: publicKeyText(keyNamed(key).publicKey),
  dataset,
});

/** The card of the region `au`. */
export const cardOfRegion: RegionCard = {
  type: "pavilion/region-card",
  region: "au",
  jurisdiction: "AU",
  sealingKey: Buffer.from(regionOpenerKey).toString("base64url"),
  logKey: publicKeyText(keyNamed("au log").publicKey),
};

export const budgetOf = (epsilon = "4", window = "2", delta = "1/1000000000"): Population["budget"] => ({
  epsilon,
  delta,
  windows: [{ days: 30, epsilon: window, delta }],
});

/** Its only home has the whole budget. */
export function populationOf(changes: Partial<Population> = {}): Population {
  const { budget = budgetOf() } = changes;
  const { region, sealingKey, logKey } = cardOfRegion;
  return {
    type: "pavilion/population",
    id: "au-residents",
    version: 1,
    previous: null,
    jurisdiction: "AU",
    homes: [{ region, sealingKey, logKey, share: budget }],
    datasets: [datasetOf("alpha"), datasetOf("beta"), datasetOf("gamma")],
    budget,
    ...changes,
  };
}

/** The population that a collaboration is over, with its datasets and no other. */
export function populationOver(
  { population: id, providers }: Pick<Collaboration, "population" | "providers">,
  { region = cardOfRegion.region, jurisdiction = "AU" } = {},
  changes: Partial<Population> = {},
): Population {
  const datasets = providers.map(({ id: provider, key, dataset }) => ({ provider, key, dataset }));
  const document = populationOf({ id, jurisdiction, datasets, ...changes });
  return { ...document, homes: document.homes.map((home) => ({ ...home, region })) };
}

/** A provider's dataset and another's, as collaborations of the earlier format named them. */
export const earlierProviders = (id: string, dataset: string): EarlierCollaboration["providers"] => [
  { ...participant("alpha"), id, dataset },
  participant("omega"),
];

/** `care` as it stood in the format before populations were documents. */
export function earlierCollaborationOf(changes: Partial<EarlierCollaboration> = {}): EarlierCollaboration {
  const { previous: _previous, ...now } = collaborationOf();
  return {
    ...now,
    ...{ id: "care", region: "au-east", jurisdiction: "AU", population: "adults" },
    budget: { epsilonPerQuestion: "1", epsilonTotal: "4", epsilonPerWindow: "2", windowDays: 30 },
    ...changes,
  };
}

/** A region's table of these populations. */
export const populationsOf = (...populations: Population[]): PopulationTable => ({
  latest: (id) => populations.find((population) => population.id === id),
});

/** The version after one. */
export const populationAfter = (before: Population, changes: Partial<Population> = {}): Population => {
  const { version, previous, ...rest } = before;
  return populationOf({
    ...rest,
    version: version + 1,
    previous: digestOf({ ...rest, version, previous }),
    ...changes,
  });
};

/** As the operator publishes it: signed by whoever it names, and by more, each a provider and the name of its key. */
export async function populationEntry(
  document: Population,
  {
    signers = signersOf(document).map(({ id }) => [id, id] as const),
    departures = [],
  }: { signers?: readonly (readonly [provider: string, key: string])[]; departures?: Departure[] } = {},
): Promise<PopulationEntry> {
  const signatures = signers.map(async ([provider, key]) => ({
    provider,
    signature: await signPopulation(document, provider, keyNamed(key).sign),
  }));
  const { id, version } = document;
  return {
    id,
    version,
    document: populationText(document),
    signatures: await Promise.all(signatures),
    departures,
  };
}

/** A provider's departure from a version. */
export const departureFrom = (left: Population, provider: string, key = provider): Promise<Departure> =>
  signDeparture({ of: "population", id: left.id, digest: digestOf(left) }, provider, keyNamed(key).sign);
