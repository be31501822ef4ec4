/** What is shown of collaborations. */
import { digestOf } from "../../crypto/jws/canonical.ts";
import type { AnyCollaboration } from "../../domain/terms/collaboration.ts";
import type { Shown } from "../terms/showing.ts";
import { collaborationWords } from "./words.ts";

export const collaborations: Shown<AnyCollaboration> = {
  name: "collaboration",
  unknown: "UNKNOWN_COLLABORATION",
  ids: (terms) => terms.collaborations.ids,
  versions: (terms, id) =>
    terms.collaborations.versionsOf(id).map((document) => ({
      document,
      digest: digestOf(document),
      signatures: terms.collaborations.entryOf(id, document.version)?.signatures ?? [],
      departures: terms.collaborations.entryOf(id, document.version)?.departures ?? [],
    })),
  listed: {
    header: ["epoch", "population", "providers", "may ask"],
    row: ({ matching, population, providers, brokers }) => [
      String(matching.epoch),
      population,
      providers.map(({ id }) => id).join(", "),
      brokers.map(({ id }) => id).join(", "),
    ],
  },
  words: collaborationWords,
  names: ({ providers, brokers }, reader) =>
    reader.role === "operator" ||
    (reader.role === "provider" ? providers : brokers).some(({ id }) => id === reader.id),
};
