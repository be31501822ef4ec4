/** What is shown of populations. */
import { signersOf } from "../../domain/terms/population.ts";
import type { Shown } from "../terms/showing.ts";
import type { Population } from "../../schemas/json/population.ts";
import { populationWords } from "./words.ts";

export const populations: Shown<Population> = {
  name: "population",
  unknown: "UNKNOWN_POPULATION",
  ids: (terms) => terms.populations.ids,
  versions: (terms, id) =>
    terms.populations.chainOf(id).map(({ document, digest, entry }) => ({
      document,
      digest,
      signatures: entry.signatures,
      departures: entry.departures,
    })),
  listed: {
    header: ["home", "budget", "datasets of"],
    row: (document) => [
      document.homes.map(({ region }) => region).join(", "),
      `ε ${document.budget.epsilon}`,
      signersOf(document)
        .map(({ id }) => id)
        .join(", "),
    ],
  },
  words: populationWords,
  // A broker reads it for the collaborations over it.
  names: (document, reader) =>
    reader.role !== "provider" || signersOf(document).some(({ id }) => id === reader.id),
};
