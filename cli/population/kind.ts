/** Populations, as the commands for terms take them. */
import { digestOf } from "../../crypto/jws/canonical.ts";
import {
  populationText,
  requireAnswerable,
  requirePopulation,
  signersOf,
  signPopulation,
} from "../../domain/terms/population.ts";
import { fingerprintOf } from "../../domain/terms/region-card.ts";
import { validateOwn } from "../../schemas/reading/validate.ts";
import { PavilionError } from "../../errors/errors.ts";
import type { Home, Population } from "../../schemas/json/population.ts";
import type { RegionCard } from "../../schemas/json/region-card.ts";
import { cardOf } from "../operator/card.ts";
import type { TermsKind } from "../terms/kind.ts";

export const populations: TermsKind<Population> = {
  name: "population",
  read(content, file) {
    const remedy =
      "Correct these members; examples/population.yaml is an example whose keys are to be filled in, docs/reference/documents.md explains each.";
    const document = validateOwn("population", content, file, remedy);
    requirePopulation(document);
    requireAnswerable(document);
    return document;
  },
  signersOf,
  sign: signPopulation,
  before: (document) =>
    document.homes.flatMap((home) => [
      `the home ${home.region} has the fingerprint ${fingerprintOf(cardOfHome(document, home))}`,
      "compare it with the region's operator by a way that you trust: records are sealed to its key",
    ]),
  previousOf: ({ previous }) => previous,
  latestIn({ populations: table }, id) {
    const document = table.latest(id);
    return document === undefined ? undefined : { signers: signersOf(document), digest: digestOf(document) };
  },
  regionOf({ homes }, regions) {
    const home = regions.find(({ name }) => homes.some(({ region }) => region === name));
    if (home !== undefined) return home;
    throw new PavilionError(
      "DOCUMENT_INVALID",
      `The home ${homes.map(({ region }) => region).join(", ")} is no region of this stack.`,
      `Publish it where its home is; this stack has ${regions.map(({ name }) => name).join(", ")}.`,
    );
  },
  publish: (operator, region, document, signed) =>
    operator.publishPopulation(
      region,
      { id: document.id, version: document.version, document: populationText(document), ...signed },
      cardOf(region),
    ),
};

/** The card of a home's region, as the document pins it. */
export const cardOfHome = (
  { jurisdiction }: Population,
  { region, sealingKey, logKey }: Home,
): RegionCard => ({ type: "pavilion/region-card", region, jurisdiction, sealingKey, logKey });
