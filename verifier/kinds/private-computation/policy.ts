/**
 * The policy's decision, made again: the policy is code, its input stands in request, collaboration and trust file. A
 * policy that is trusted and that this verifier does not have cannot be asked; then the region's word is all there is.
 */
import type { ReadRequest } from "../../../domain/terms/request.ts";
import type { Collaboration } from "../../../schemas/json/collaboration.ts";
import type { EvidenceBundleDocument } from "../../../schemas/json/evidence-bundle.ts";
import type { Trust } from "../../../schemas/json/trust.ts";
import { policyInput, type Policy } from "../../../domain/policy/policy.ts";
import { require } from "../../checklist.ts";
import type { AnsweringHome } from "./population.ts";

/** Holds the stated decision to the trust file, and to the policy where this verifier has it. */
export function allowed(
  { policy: stated }: EvidenceBundleDocument,
  { policies }: Trust,
  { region, population }: AnsweringHome,
  { document }: ReadRequest,
  collaboration: Collaboration,
  policy: Policy,
): true {
  require(policies.includes(stated.bundle), "The trust file does not name the policy.");
  require(stated.region === region.region &&
    stated.jurisdiction === region.jurisdiction, "The decision is of another region or jurisdiction.");
  if (policy.bundle !== stated.bundle) return true;
  const here = { name: region.region, jurisdiction: region.jurisdiction };
  const { allow } = policy.evaluate(policyInput(document, collaboration, population, here));
  require(allow, "The policy denies the question.");
  return true;
}
