/**
 * How an identifier's text becomes the bytes that are matched: Unicode NFKC (UAX 15), then the collaboration's steps in
 * their order. Every provider must come to the same bytes for the same person, so nothing here depends on a locale.
 */
import type { Identifier } from "../../schemas/json/collaboration.ts";

type Step = Identifier["normalisation"][number];

const steps: Readonly<Record<Step, (text: string) => string>> = {
  trim: (text) => text.trim(),
  "lower-case": (text) => text.toLowerCase(),
  /** Keeps the ASCII digits; NFKC has turned full-width and mathematical ones into these. */
  digits: (text) => text.replace(/[^0-9]/g, ""),
  /** Keeps letters and numbers of every script. */
  alphanumeric: (text) => text.replace(/[^\p{L}\p{N}]/gu, ""),
};

/** The normalised identifier; empty where nothing of the text is left. */
export function normalise(text: string, normalisation: readonly Step[]): string {
  return normalisation.reduce((current, step) => steps[step](current), text.normalize("NFKC"));
}
