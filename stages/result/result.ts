/**
 * The two forms of a result: an answer with its credential, or a coded refusal.
 */
import type { Refusal, RequestRef, Result, SignedResult } from "../../schemas/avro/index.ts";

/** Provisional: no spend is anchored yet. */
export function answered(signed: SignedResult): Result {
  const { request, answer, credential, seedCommitment, commitment, proof, evidence } = signed;
  const parts = { answer, credential, seedCommitment, commitment, proof, evidence };
  return { ...namedBy(request), status: "provisional", code: null, message: null, ...parts };
}

export function refused({ request, code, message }: Refusal): Result {
  return { ...namedBy(request), status: "refused", code, message, ...nothing };
}

const namedBy = ({ requestId, digest, tenant }: RequestRef) => ({ requestId, requestDigest: digest, tenant });

const nothing = {
  answer: null,
  credential: null,
  seedCommitment: null,
  commitment: null,
  proof: null,
  evidence: null,
};
