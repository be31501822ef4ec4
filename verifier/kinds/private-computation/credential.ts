/**
 * The result credential: signed by the region, and word for word what the release stage's own code makes of everything
 * that was checked. Two things in it are the region's word alone: when it was issued, and what the population has left.
 */
import {
  addFractions,
  compareFractions,
  formatFraction,
  parseFraction,
} from "../../../crypto/fraction/fraction.ts";
import { canonicalBytes } from "../../../crypto/jws/canonical.ts";
import { verifyCompact } from "../../../crypto/jws/jws.ts";
import { publicKeyOfDidKey, verificationMethodOf } from "../../../crypto/did/did-key.ts";
import { scalesFor } from "../../../domain/statistics/mechanism.ts";
import type { ReadRequest } from "../../../domain/terms/request.ts";
import type { ReleasedAggregate } from "../../../schemas/avro/index.ts";
import type { EvidenceBundleDocument, ReleasedGroup } from "../../../schemas/json/evidence-bundle.ts";
import type { SpendLeaf } from "../../../schemas/json/spend-leaf.ts";
import type { TrustedRegion } from "../../../schemas/json/trust.ts";
import { answerOf } from "../../../domain/statistics/answer.ts";
import { credentialOf } from "../../../domain/credentials/result-credential.ts";
import { deviates, require } from "../../checklist.ts";
import type { PlacedLeaves } from "./log.ts";
import type { Planned } from "./plan.ts";

/** Issuance may be dated this much before the request: what two clocks may differ by. */
const SKEW_MS = 300_000;
const FRACTION = /^(0|[1-9][0-9]*)(\/[1-9][0-9]*)?$/;

/** The bytes that the region signed. */
export interface SignedCredential {
  readonly payload: Uint8Array;
}

/** The credential's payload, once the signature by the region's issuer holds. */
export function signedCredential(
  { credential }: EvidenceBundleDocument,
  { issuer }: TrustedRegion,
): SignedCredential {
  const publicKey = publicKeyOfDidKey(issuer);
  const { kid, payload } = verifyCompact(credential, { typ: "vc+jwt", publicKey });
  require(kid === verificationMethodOf(publicKey), "The credential names another key than the issuer's.");
  return { payload };
}

/** All that a credential is about, checked before. */
export interface CheckedResult {
  readonly request: ReadRequest;
  readonly planned: Planned;
  readonly groups: readonly ReleasedGroup[];
  readonly spend: SpendLeaf;
  readonly leaves: PlacedLeaves;
  readonly region: TrustedRegion;
}

/** The payload is, byte for byte, the credential of this result. */
export function recomputedCredential({ payload }: SignedCredential, result: CheckedResult): true {
  const { validFrom, left, deltaLeft } = wordsIn(payload);
  const { request, planned, spend, region } = result;
  require(validFrom + SKEW_MS >= request.issuedAt, "The credential is dated before the request.");
  requireLeft("epsilon", left, spend, planned);
  requireLeft("delta", deltaLeft, spend, planned);
  const released = releasedOf(result, { left, deltaLeft });
  const answer = answerOf(request.document.question, released);
  const expected = canonicalBytes(credentialOf(released, answer, region.issuer, validFrom));
  require(Buffer.from(expected).equals(
    payload,
  ), "The credential says something other than what was checked.");
  return true;
}

function releasedOf(
  { request, planned: { plan }, groups, spend, leaves }: CheckedResult,
  left: { readonly left: string; readonly deltaLeft: string },
): ReleasedAggregate {
  const { document, digest, deadline } = request;
  const { id: requestId, tenant, broker, collaboration } = document;
  const { population, sequence, epsilon, delta, total, deltaTotal } = spend;
  return {
    request: { requestId, digest, tenant, broker, collaboration, deadline },
    document: new TextDecoder().decode(canonicalBytes(document)),
    plan,
    cells: groups.map(({ grouping, category, suppressed, values }) => ({
      grouping,
      category,
      suppressed,
      values,
    })),
    scales: scalesFor(plan),
    spend: { population, sequence, epsilon, delta, total, deltaTotal, ...left },
    matchLeaf: leaves.match,
    spendLeaf: leaves.spend,
    repeats: null,
  };
}

/** What no recomputation gives: when it was issued, in milliseconds, and what the population had left. */
function wordsIn(payload: Uint8Array): { validFrom: number; left: string; deltaLeft: string } {
  const { validFrom, credentialSubject } = membersOf(parsed(payload));
  const { left, deltaLeft } = membersOf(membersOf(credentialSubject).spend);
  require(typeof validFrom === "string" &&
    typeof left === "string" &&
    typeof deltaLeft === "string", "The credential lacks its date or spend.");
  const time = Date.parse(validFrom);
  require(Number.isSafeInteger(time), "The credential's date is not a date.");
  return { validFrom: time, left, deltaLeft };
}

function parsed(payload: Uint8Array): unknown {
  try {
    return JSON.parse(new TextDecoder("utf-8", { fatal: true }).decode(payload));
  } catch {
    deviates("The credential is not JSON.");
  }
}

const membersOf = (value: unknown): Readonly<Record<string, unknown>> =>
  typeof value === "object" && value !== null ? { ...value } : {};

/** No more than the budget's total and every window of it can leave after this spend. */
function requireLeft(
  part: "epsilon" | "delta",
  left: string,
  { total, deltaTotal, ...spend }: SpendLeaf,
  { plan }: Planned,
): void {
  require(FRACTION.test(left) &&
    formatFraction(parseFraction(left)) ===
      left, `What the population has left of ${part} is not a fraction.`);
  const isWithin = (spent: string, limit: string): boolean =>
    compareFractions(addFractions(parseFraction(left), parseFraction(spent)), parseFraction(limit)) <= 0;
  const [sum, budget] = part === "epsilon" ? [total, plan.budgetTotal] : [deltaTotal, plan.budgetDelta];
  require(isWithin(
    sum,
    budget,
  ), `The answer says that more ${part} is left than the population's budget allows.`);
  require(plan.budgetWindows.every((window) =>
    isWithin(spend[part], window[part]),
  ), `The answer says that more ${part} is left than the population's windows allow.`);
}
