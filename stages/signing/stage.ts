/**
 * The signing stage: turns a release into the answer that was asked for, and attests it. See README.md.
 */
import { parseDocument } from "../../schemas/reading/validate.ts";
import { output, publish, type Stage } from "../../runtime/contract/stage.ts";
import type { SignedResult } from "../../schemas/avro/index.ts";
import { answerOf } from "../../domain/statistics/answer.ts";
import {
  credentialDigest,
  credentialOf,
  signCredential,
  type Issuer,
} from "../../domain/credentials/result-credential.ts";

export interface SigningPorts {
  readonly region: string;
  readonly partitions: number;
  readonly issuer: Issuer;
}

export const signing: Stage<"ReleasedAggregate", SigningPorts> = {
  name: "signing",
  inputs: [{ topic: "dp.released", types: ["ReleasedAggregate"] }],
  outputs: ["signing.signed"],
  async handle({ value: released, time }, _state, { issuer }) {
    const { request, matchLeaf, spendLeaf, repeats } = released;
    const { question } = parseDocument("request", released.document);
    const answer = answerOf(question, released);
    const credential = await signCredential(credentialOf(released, answer, issuer.did, time), issuer);
    const value: SignedResult = { request, answer, credential, matchLeaf, spendLeaf, repeats };
    const details = { issuer: issuer.did, credential: credentialDigest(credential) };
    return publish({
      outputs: [output("signing.signed", "SignedResult", value, { key: request.requestId })],
      audit: [{ tenant: request.tenant, action: "result.signed", request, details }],
    });
  },
};
