/**
 * The collaboration: signed by every provider that takes part, each under a key that the trust file names too. The
 * document pins keys itself, which shows nothing to who does not know them.
 */
import { canonicalBytes } from "../../crypto/jws/canonical.ts";
import { verifyCollaboration } from "../../documents/collaboration.ts";
import { validateDocument } from "../../documents/validate.ts";
import type { Collaboration } from "../../schemas/json/collaboration.ts";
import type { EvidenceBundleDocument } from "../../schemas/json/evidence-bundle.ts";
import type { Trust, TrustedRegion } from "../../schemas/json/trust.ts";
import { require } from "./checklist.ts";
import { regionIn } from "./trust.ts";

/** The collaboration, once its signatures hold: one for each provider, in slot order, and no others. */
export function signedCollaboration(
  { collaboration: { document, signatures } }: EvidenceBundleDocument,
  { providers: trusted }: Trust,
): Collaboration {
  const { id, version, providers } = validateDocument("collaboration", document);
  require(signatures.length === providers.length &&
    providers.every(
      (provider, slot) => signatures[slot]?.provider === provider.id,
    ), "The signatures are not one of each provider, in slot order.");
  for (const provider of providers) {
    const known = trusted.find((candidate) => candidate.id === provider.id);
    require(known !== undefined, `The trust file does not name the provider ${provider.id}.`);
    require(known.key === provider.key, `The collaboration pins another key of ${provider.id}.`);
  }
  const text = new TextDecoder().decode(canonicalBytes(document));
  return verifyCollaboration({ id, version, document: text, signatures: [...signatures] });
}

/** The region that answers, as the trust file has it. */
export function homeRegion(collaboration: Collaboration, trust: Trust): TrustedRegion {
  const region = regionIn(trust, collaboration.region);
  require(region.jurisdiction ===
    collaboration.jurisdiction, "The collaboration's data belongs in another jurisdiction than the region's.");
  return region;
}
