/**
 * The collaboration: signed by every provider that takes part, each under a key that the trust file names too. The
 * document pins keys itself, which shows nothing to who does not know them.
 */
import { canonicalBytes } from "../../../crypto/jws/canonical.ts";
import { verifyCollaboration } from "../../../domain/terms/collaboration.ts";
import type { Signer } from "../../../domain/terms/signatures.ts";
import { validateDocument } from "../../../schemas/reading/validate.ts";
import type { Collaboration } from "../../../schemas/json/collaboration.ts";
import type { BundledCollaboration, ProviderSignature } from "../../../schemas/json/evidence-bundle.ts";
import type { Trust } from "../../../schemas/json/trust.ts";
import { require } from "../../checklist.ts";

/** The collaboration, once its signatures hold: one for each provider, in slot order, and no others. */
export function signedCollaboration(
  { document, signatures }: BundledCollaboration,
  trust: Trust,
): Collaboration {
  const { id, version, providers } = validateDocument("collaboration", document);
  requireSigners("collaboration", providers, signatures, trust);
  const text = new TextDecoder().decode(canonicalBytes(document));
  return verifyCollaboration({ id, version, document: text, signatures: [...signatures], departures: [] });
}

/** The signatures of a document, `what` for a person, are one of each signer, in order, each under a key that the trust file names too. */
export function requireSigners(
  what: string,
  signers: readonly Signer[],
  signatures: readonly ProviderSignature[],
  { providers: trusted }: Trust,
): void {
  require(signatures.length === signers.length &&
    signers.every(
      (signer, slot) => signatures[slot]?.provider === signer.id,
    ), `The signatures of the ${what} are not one of each provider, in its order.`);
  for (const signer of signers) {
    const known = trusted.find((candidate) => candidate.id === signer.id);
    require(known !== undefined, `The trust file does not name the provider ${signer.id}.`);
    require(known.key === signer.key, `The ${what} pins another key of ${signer.id}.`);
  }
}
