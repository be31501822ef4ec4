/**
 * The two forms of a result: an answer with its credential, or a coded refusal.
 */
import { explain } from "../../runtime/stage.ts";
import type { Refusal, RequestRef, Result, SignedResult } from "../../schemas/avro/index.ts";

/** Provisional: no spend is anchored yet. */
export function answered(signed: SignedResult): Result {
  const { request, answer, credential, seedCommitment, commitment, proof, evidence } = signed;
  const parts = { answer, credential, seedCommitment, commitment, proof, evidence };
  return { ...namedBy(request), status: "provisional", code: null, message: null, ...parts };
}

export function refused({ request, code, message }: Pick<Refusal, "request" | "code" | "message">): Result {
  return { ...namedBy(request), status: "refused", code, message, ...nothing };
}

/** For a request that no stage has answered in time. */
export function expired(request: RequestRef): Result {
  const code = "DEADLINE_PASSED";
  return refused({
    request,
    code,
    message: explain(code, "The request was not answered before its deadline."),
  });
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
