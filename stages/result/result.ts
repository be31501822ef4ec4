/**
 * The two forms of a result: an answer with its credential, or a coded refusal.
 */
import type { Refusal, RequestRef, Result, SignedResult } from "../../schemas/avro/index.ts";
import { topicFor } from "../../schemas/topics.ts";

/** Provisional: the evidence bundle, on its own topic, says once the spend is anchored. */
export function answered(signed: SignedResult, region: string): Result {
  const { request, answer, credential, matchLeaf, spendLeaf, repeats } = signed;
  const evidence = topicFor(region, "evidence.bundles");
  const evidenceFor = repeats?.digest ?? request.digest;
  const parts = { answer, credential, matchLeaf, spendLeaf, evidence, evidenceFor };
  const told = { code: null, message: null, unsigned: false, evidenceSeconds: null };
  return { ...namedBy(request), status: "provisional", ...parts, ...told };
}

export function refused({ request, code, message, unsigned }: Refusal): Result {
  return { ...namedBy(request), status: "refused", code, message, ...nothing, unsigned };
}

const namedBy = ({ requestId, digest, tenant }: RequestRef) => ({ requestId, requestDigest: digest, tenant });

const nothing = {
  answer: null,
  credential: null,
  matchLeaf: null,
  spendLeaf: null,
  evidence: null,
  evidenceFor: null,
  evidenceSeconds: null,
};
