/** Collaborations, as the commands for terms take them. */
import { canonicalBytes, digestOf } from "../../../crypto/jws/canonical.ts";
import { requireConsistent, signCollaboration } from "../../../documents/collaboration.ts";
import { epsilonNotes } from "../../../documents/epsilon-range.ts";
import { validateOwn } from "../../../documents/validate.ts";
import { PavilionError } from "../../../runtime/errors.ts";
import type { Collaboration } from "../../../schemas/json/collaboration.ts";
import type { TermsKind } from "../terms/kind.ts";

export const collaborations: TermsKind<Collaboration> = {
  name: "collaboration",
  read(content, file) {
    const remedy =
      "Correct these members; examples/collaboration.yaml is a whole one, docs/reference/documents.md explains each.";
    const document = validateOwn("collaboration", content, file, remedy);
    requireConsistent(document);
    return document;
  },
  signersOf: ({ providers }) => providers,
  sign: signCollaboration,
  before: epsilonNotes,
  previousOf: () => null,
  latestIn({ collaborations: table }, id) {
    const document = table.latest(id);
    return document === undefined ? undefined : { signers: document.providers, digest: digestOf(document) };
  },
  regionOf(document, regions) {
    const region = regions.find(({ name }) => name === document.region);
    if (region === undefined) {
      const names = regions.map(({ name }) => name).join(", ");
      throw new PavilionError(
        "CONFIG_INVALID",
        `There is no region ${document.region}.`,
        `This stack has ${names}: name one of these in the document, and have it signed again.`,
      );
    }
    if (document.jurisdiction === region.jurisdiction && document.matching.partitions === region.partitions) {
      return region;
    }
    throw new PavilionError(
      "DOCUMENT_INVALID",
      `The region ${region.name} lies in ${region.jurisdiction} and has ${String(region.partitions)} partitions; the document says otherwise.`,
    );
  },
  publish: (operator, region, document, { signatures }) =>
    operator.publishCollaboration(region, {
      id: document.id,
      version: document.version,
      document: new TextDecoder().decode(canonicalBytes(document)),
      signatures,
    }),
};
