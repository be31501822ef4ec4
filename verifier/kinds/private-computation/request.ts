/** The request: who signed it, and whether the collaboration lets that broker ask so. */
import { compareFractions, parseFraction } from "../../../crypto/fraction/fraction.ts";
import { canonicalBytes } from "../../../crypto/jws/canonical.ts";
import { verifySignature } from "../../../domain/terms/signatures.ts";
import { readRequest, type ReadRequest } from "../../../domain/terms/request.ts";
import type { Collaboration } from "../../../schemas/json/collaboration.ts";
import type { EvidenceBundleDocument } from "../../../schemas/json/evidence-bundle.ts";
import type { Trust } from "../../../schemas/json/trust.ts";
import { require } from "../../checklist.ts";

/** The request with its digest, once the trusted broker's signature holds. */
export function signedRequest(
  { request: { document, signature } }: EvidenceBundleDocument,
  { brokers: trusted }: Trust,
  { brokers: pinned }: Collaboration,
): ReadRequest {
  const request = readRequest(new TextDecoder().decode(canonicalBytes(document)));
  const isAsker = ({ id }: { id: string }): boolean => id === request.document.broker;
  const [known, member] = [trusted.find(isAsker), pinned.find(isAsker)];
  require(known !== undefined, "The trust file does not name the broker.");
  require(member !== undefined, "The collaboration does not name the broker.");
  require(known.key === member.key, "The collaboration pins another key for the broker.");
  verifySignature("request", request.document, signature, member);
  return request;
}

/** The request, once it keeps to what the collaboration says of who may ask for what. */
export function withinTerms(request: ReadRequest, collaboration: Collaboration): ReadRequest {
  const { document } = request;
  const { id, version, purposes, legalBases, brokers, budget } = collaboration;
  require(document.collaboration === id, "The request is for another collaboration.");
  require(document.collaborationVersion === version, "The request is under another version's terms.");
  const asker = brokers.find((broker) => broker.id === document.broker);
  require(asker?.tenants.includes(document.tenant) === true, "The broker may not ask for the tenant.");
  require(purposes.includes(document.purpose), "The collaboration does not allow the purpose.");
  require(legalBases.includes(document.legalBasis), "The collaboration does not allow the legal basis.");
  require(compareFractions(parseFraction(document.epsilon), parseFraction(budget.epsilonPerQuestion)) <=
    0, "The request asks for more epsilon than one question may spend.");
  return request;
}
