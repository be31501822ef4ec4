/**
 * The population: in a version that the trust file names, signed by every provider of a dataset, and with every dataset of the
 * collaboration among its own. Its document names the homes that may answer, each with the key of its log.
 */
import { digestOf, canonicalBytes } from "../../../crypto/jws/canonical.ts";
import { requireWithin } from "../../../domain/terms/home.ts";
import { homeIn, signersOf, verifyPopulation } from "../../../domain/terms/population.ts";
import { validateDocument } from "../../../schemas/reading/validate.ts";
import type { Collaboration } from "../../../schemas/json/collaboration.ts";
import type { BundledPopulation } from "../../../schemas/json/evidence-bundle.ts";
import type { Home, Population } from "../../../schemas/json/population.ts";
import type { Trust, TrustedRegion } from "../../../schemas/json/trust.ts";
import { require } from "../../checklist.ts";
import { requireSigners } from "./collaboration.ts";
import { regionIn } from "../../trust.ts";

/** The population of the collaboration, once its signatures hold. */
export function signedPopulation(
  { document, signatures }: BundledPopulation,
  trust: Trust,
  collaboration: Collaboration,
): Population {
  const population = validateDocument("population", document);
  const { id, version } = population;
  const trusted = trust.populations.find((candidate) => candidate.id === id);
  require(trusted !== undefined, "The trust file does not name the population.");
  require(trusted.digests.includes(
    digestOf(document),
  ), "The trust file names other versions of the population's document.");
  requireSigners("population", signersOf(population), signatures, trust);
  const text = new TextDecoder().decode(canonicalBytes(document));
  verifyPopulation({ id, version, document: text, signatures: [...signatures], departures: [] });
  requireWithin(collaboration, population);
  return population;
}

/** Where a question is answered. */
export interface AnsweringHome {
  readonly population: Population;
  readonly home: Home;
  /** As the trust file has it. */
  readonly region: TrustedRegion;
}

/** The home that a request names, once the trust file has a region of that name, jurisdiction and log key. */
export function answeringHome(population: Population, name: string, trust: Trust): AnsweringHome {
  const home = homeIn(population, name);
  require(home !== undefined, "The request names a region that is no home of the population.");
  const region = regionIn(trust, home.region);
  require(region.jurisdiction ===
    population.jurisdiction, "The population's data belongs in a different jurisdiction from the region's.");
  require(region.logKey ===
    home.logKey, "The log key that the population names for its home is not the one in the trust file.");
  return { population, home, region };
}
