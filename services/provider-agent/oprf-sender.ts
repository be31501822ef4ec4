/**
 * The sender's side of matching: RFC 9497 BlindEvaluate over a receiver's batch, with one proof.
 *
 * Promises: evaluates only what a receiver of the collaboration signed for the current epoch, in sequence and within
 * its meter. Learns how many records a receiver has, and nothing of which.
 */
import { canonicalBytes, digestOf } from "../../crypto/jws/canonical.ts";
import { signDetached, type JwsSigner } from "../../crypto/jws/jws.ts";
import { blindEvaluateBatch, evaluate, randomScalar, token, type KeyPair } from "../../crypto/oprf/oprf.ts";
import { payloadDigest } from "../../domain/records/batch.ts";
import { participantOf } from "../../domain/terms/collaboration.ts";
import { verifySignature } from "../../domain/terms/signatures.ts";
import { parseDocument, signatureType, validateDocument } from "../../schemas/reading/validate.ts";
import { PavilionError } from "../../errors/errors.ts";
import type { BlindedBatch, EvaluatedBatch } from "../../schemas/avro/index.ts";
import type { BlindedBatchHeader } from "../../schemas/json/blinded-batch.ts";
import type { Participant } from "../../schemas/json/collaboration.ts";
import { asBuffer } from "./batches.ts";
import { requireMembership, type AgentTerms, type Self } from "./membership.ts";
import { meterBatch, type Meter } from "./meter.ts";

export interface SenderContext {
  readonly self: Self;
  readonly terms: AgentTerms;
  readonly epochKey: (collaboration: string, epoch: number) => KeyPair;
  readonly sign: JwsSigner;
  readonly randomBytes: (length: number) => Uint8Array;
}

/** A batch that may be evaluated. The meter is to be kept before its answer is published. */
export interface Admitted {
  readonly header: BlindedBatchHeader;
  /** The sender's own dataset: the answer's key. */
  readonly dataset: string;
  readonly meter: Meter;
}

/**
 * Checks a batch against collaboration, signature, payload, order and meter, of which `meterOf` says how it stands. Throws what `requireMembership` and
 * `meterBatch` throw, and DOCUMENT_INVALID, WRONG_EPOCH, BAD_SIGNATURE, BATCH_UNREADABLE or BATCH_DIGEST_MISMATCH.
 */
export function admitBatch(
  context: SenderContext,
  meterOf: (collaboration: string) => Meter | undefined,
  batch: BlindedBatch,
): Admitted {
  const { self, terms } = context;
  const header = parseDocument("blinded-batch", batch.header);
  const { collaboration, participant } = requireMembership(terms, header.collaboration, self);
  const { matching, version } = collaboration;
  const receiver = participantOf(collaboration, header.provider);
  if (matching.sender !== self.provider || receiver === undefined || receiver.id === self.provider) {
    throw new PavilionError("NOT_A_MEMBER", "The batch is not from a receiver to the sender.");
  }
  if (header.version !== version || header.epoch !== matching.epoch) {
    throw new PavilionError("WRONG_EPOCH", "The batch is for another version or epoch of the collaboration.");
  }
  requirePayload(header, batch, receiver);
  const metered = {
    collaboration: header.collaboration,
    epoch: header.epoch,
    receiver: receiver.id,
    push: header.push,
    sequence: header.sequence,
    digest: digestOf(header),
    count: header.count,
  };
  return {
    header,
    dataset: participant.dataset,
    meter: meterBatch(meterOf(header.collaboration), metered, receiver.limits.records),
  };
}

function requirePayload(header: BlindedBatchHeader, batch: BlindedBatch, receiver: Participant): void {
  verifySignature("blinded-batch", header, batch.signature, receiver);
  if (header.count !== batch.elements.length) {
    throw new PavilionError(
      "BATCH_UNREADABLE",
      "The batch does not have the number of elements that is stated.",
    );
  }
  if (header.payloadDigest !== payloadDigest(batch.elements)) {
    throw new PavilionError("BATCH_DIGEST_MISMATCH", "The elements are not the ones that were signed.");
  }
}

/** The signed answer to an admitted batch. Throws CryptoError OPRF_INVALID_ELEMENT for elements off the group. */
export async function evaluateBatch(
  context: SenderContext,
  blinded: BlindedBatchHeader,
  elements: readonly Uint8Array[],
): Promise<EvaluatedBatch> {
  const { self, epochKey, sign, randomBytes } = context;
  const { secretKey, publicKey } = epochKey(blinded.collaboration, blinded.epoch);
  const answer = blindEvaluateBatch(secretKey, publicKey, elements, randomScalar(randomBytes));
  const header = validateDocument("evaluated-batch", {
    type: "pavilion/evaluated-batch",
    collaboration: blinded.collaboration,
    version: blinded.version,
    epoch: blinded.epoch,
    provider: self.provider,
    receiver: blinded.provider,
    blindedDigest: digestOf(blinded),
    count: answer.evaluated.length,
    payloadDigest: payloadDigest([...answer.evaluated, answer.proof]),
  });
  return {
    header: new TextDecoder().decode(canonicalBytes(header)),
    signature: await signDetached(
      header,
      { typ: signatureType("evaluated-batch"), kid: self.provider },
      sign,
    ),
    elements: answer.evaluated.map(asBuffer),
    proof: asBuffer(answer.proof),
  };
}

/** The sender's own tokens, 16 bytes each: it holds the key and asks nobody. */
export const ownTokens = (key: KeyPair, identifiers: readonly Uint8Array[]): Uint8Array[] =>
  identifiers.map((identifier) => token(evaluate(key.secretKey, identifier)));
