/** The evidence bundle of an answer, held to its schema. */
import { documentBounds, requireWithin, TextFault } from "../../../schemas/reading/json-text.ts";
import { validateDocument } from "../../../schemas/reading/validate.ts";
import type { EvidenceBundleDocument } from "../../../schemas/json/evidence-bundle.ts";
import { deviates } from "../../checklist.ts";

export const BUNDLE_TYPE = "pavilion/evidence-bundle";

/** Above the longest request or leaf: each is copied and hashed before its schema is asked. */
const partBounds = { lengthMax: 256 * 1024, valuesMax: 10_000 };

export function readBundle(document: unknown): EvidenceBundleDocument {
  const bundle = validateDocument("evidence-bundle", document);
  const { request, collaboration, log } = bundle;
  requirePart("request", request.document, partBounds);
  requirePart("collaboration", collaboration.document, documentBounds);
  requirePart("seed leaf", log.seed.leaf, partBounds);
  requirePart("match leaf", log.match.leaf, partBounds);
  requirePart("spend leaf", log.spend.leaf, partBounds);
  return bundle;
}

function requirePart(what: string, part: unknown, bounds: typeof partBounds): void {
  try {
    requireWithin(part, bounds);
  } catch (error) {
    if (error instanceof TextFault) deviates(`Its ${what} ${error.message}.`);
    throw error;
  }
}
