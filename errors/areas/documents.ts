import type { Area } from "../area.ts";

export const documents = {
  title: "Documents",
  about:
    "Told to whoever checks, signs or publishes a document that several parties sign, before anything is written.",
  codes: {
    DOCUMENT_INVALID: {
      status: 422,
      audience: ["asker", "provider", "operator"],
      when: "A document breaks its schema or its own consistency, or a collaboration's new version changes what it must not.",
      remedy: "Correct the named members of the document.",
    },
    SIGNATURE_MISSING: {
      status: 422,
      audience: ["provider", "operator"],
      when: "A provider that the document names, or that the version before names and that did not leave, has not signed it.",
      remedy:
        "Have the provider that is named sign the document, or sign that it leaves; or remove it as the operator, with a reason.",
    },
    VERSION_SUPERSEDED: {
      status: 409,
      audience: ["provider", "operator"],
      when: "A different document is published as this version, or as the one after the version that it names.",
      remedy: "Read the version that is published, and make the change in the one after it.",
    },
    VERSION_EARLY: {
      status: 409,
      audience: ["provider", "operator"],
      when: "The version that it names as its previous is not published in the region.",
      remedy: "Publish the versions before it first, and name the last one's digest as previous.",
    },
    DATASET_TAKEN: {
      status: 409,
      audience: ["provider", "operator"],
      when: "One of its datasets belongs to another population.",
      remedy:
        "Name the dataset in the population that it belongs to: a dataset never changes its population.",
    },
  },
} as const satisfies Area;
