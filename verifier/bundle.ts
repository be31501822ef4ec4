/** The evidence bundle out of its JSON text, held to its schema. */
import { documentBounds, requireWithin, TextFault, type TextBounds } from "../schemas/reading/json-text.ts";
import { validateDocument } from "../schemas/reading/validate.ts";
import type { EvidenceBundleDocument } from "../schemas/json/evidence-bundle.ts";
import { contentOf, deviates } from "./checklist.ts";

/**
 * Above the largest bundle that a question can lead to, with room for its layout: 30,000 numbers of remainders and proofs,
 * 2,000 anchors with their consistency proofs, a collaboration of some 40,000 values, a credential of 1 MiB.
 */
export const bundleBounds: TextBounds = { lengthMax: 16 * 1024 * 1024, depthMax: 64, valuesMax: 300_000 };

/** Above the longest request or leaf: each is copied and hashed before its schema is asked. */
const partBounds = { lengthMax: 256 * 1024, valuesMax: 10_000 };

export function readBundle(text: string): EvidenceBundleDocument {
  const bundle = validateDocument("evidence-bundle", contentOf(text, bundleBounds));
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
