/** What is read of a bundle, whatever its kind. */
import type { TextBounds } from "../schemas/reading/json-text.ts";

/**
 * Above the largest bundle that a question can lead to, with room for its layout: 30,000 numbers of remainders and proofs,
 * 2,000 anchors with their consistency proofs, a collaboration of some 40,000 values, a credential of 1 MiB.
 */
export const bundleBounds: TextBounds = { lengthMax: 16 * 1024 * 1024, depthMax: 64, valuesMax: 300_000 };
