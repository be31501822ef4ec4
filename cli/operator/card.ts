/**
 * `operator card [CARD.json]`: a region's card, and the fingerprint by which providers compare it before they sign a
 * population that names the region as a home.
 */
import { fingerprintOf } from "../../domain/terms/region-card.ts";
import { validateDocument } from "../../schemas/reading/validate.ts";
import type { RegionCard } from "../../schemas/json/region-card.ts";
import type { RememberedRegion } from "../../services/stack/remembered.ts";
import { misuse } from "../../errors/misuse.ts";
import { writeJson } from "../written.ts";
import { regionNamed, runningStack } from "../stack/running.ts";

interface Given {
  readonly region: string | undefined;
  readonly json: boolean;
}

export function card([file, ...more]: readonly string[], { region, json }: Given): number {
  if (more.length > 0) throw misuse("Name at most one file for the card.");
  const written = cardOf(regionNamed(runningStack(), region));
  if (file !== undefined) writeJson(file, written);
  const fingerprint = fingerprintOf(written);
  if (json) console.log(JSON.stringify({ card: written, fingerprint, file }));
  else for (const line of cardLines(written, fingerprint, file)) console.log(line);
  return 0;
}

/** The card of a region as the stack remembers it from its HSM. */
export const cardOf = ({ name, jurisdiction, hpkePublicKey, logPublicKey }: RememberedRegion): RegionCard =>
  validateDocument("region-card", {
    type: "pavilion/region-card",
    region: name,
    jurisdiction,
    sealingKey: hpkePublicKey,
    logKey: logPublicKey,
  });

const cardLines = (
  { region, jurisdiction, sealingKey, logKey }: RegionCard,
  fingerprint: string,
  file: string | undefined,
): string[] => [
  `  region       ${region}, in ${jurisdiction}`,
  `  sealing key  ${sealingKey}`,
  `  log key      ${logKey}`,
  `  fingerprint  ${fingerprint}`,
  ...(file === undefined ? [] : [`  the card is in ${file}, for whoever drafts a population at home here`]),
  "  providers see the fingerprint when they check and sign a population: read it to them by a way that they trust",
];
