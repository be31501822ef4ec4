/** Collaborations, as the commands for terms take them. */
import { canonicalBytes, digestOf } from "../../crypto/jws/canonical.ts";
import { isEarlier, requireConsistent, signCollaboration } from "../../domain/terms/collaboration.ts";
import { homeIn } from "../../domain/terms/population.ts";
import { epsilonNotes } from "../../domain/statistics/epsilon-range.ts";
import { validateOwn } from "../../schemas/reading/validate.ts";
import { PavilionError } from "../../errors/errors.ts";
import type { Collaboration } from "../../schemas/json/collaboration.ts";
import type { TermsKind } from "../terms/kind.ts";

export const collaborations: TermsKind<Collaboration> = {
  name: "collaboration",
  read(content, file) {
    const isOfEarlierFormat = typeof content === "object" && content !== null && isEarlier(content);
    const remedy = isOfEarlierFormat
      ? "It is of the format before populations were documents: region, jurisdiction and the whole budget stand in a population now, as in examples/population.yaml, which is signed and published first."
      : "Correct these members; examples/collaboration.yaml is an example whose keys are to be filled in, docs/reference/documents.md explains each.";
    const document = validateOwn("collaboration", content, file, remedy);
    requireConsistent(document);
    return document;
  },
  signersOf: ({ providers }) => providers,
  sign: signCollaboration,
  before: epsilonNotes,
  previousOf: ({ previous }) => previous,
  latestIn({ collaborations: table }, id) {
    const document = table.versionsOf(id).at(-1);
    return document === undefined ? undefined : { signers: document.providers, digest: digestOf(document) };
  },
  regionOf({ id, population: name, matching }, regions, { populations }) {
    const population = populations.latest(name);
    if (population === undefined) {
      throw new PavilionError(
        "UNKNOWN_POPULATION",
        `The population ${name}, which the collaboration ${id} is over, is not published.`,
        "Have its providers sign the population, then publish it first: ./pavilion population sign, then publish.",
      );
    }
    const region = regions.find((one) => homeIn(population, one.name) !== undefined);
    if (region === undefined) {
      throw new PavilionError(
        "CONFIG_INVALID",
        `The population ${name} is at home in no region of this stack.`,
        `Publish it where its home is; this stack has ${regions.map((one) => one.name).join(", ")}.`,
      );
    }
    if (matching.partitions === region.partitions) return region;
    throw new PavilionError(
      "DOCUMENT_INVALID",
      `The region ${region.name} has ${String(region.partitions)} partitions; the document says otherwise.`,
    );
  },
  publish: (operator, region, document, signed) =>
    operator.publishCollaboration(region, {
      id: document.id,
      version: document.version,
      document: new TextDecoder().decode(canonicalBytes(document)),
      ...signed,
    }),
};
