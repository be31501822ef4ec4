/**
 * The receiver's side of matching: RFC 9497 Blind and Finalize over batches of identifiers, in signed and numbered
 * messages.
 *
 * Promises: an answer counts only when the sender's pinned key signed it for exactly this batch, and its proof shows that
 * the epoch's announced key evaluated it. Nobody but this agent learns an identifier or, by this exchange, a token.
 */
import { canonicalBytes, digestOf } from "../../crypto/jws/canonical.ts";
import { signDetached, type JwsSigner } from "../../crypto/jws/jws.ts";
import { blind, finalizeBatch, randomScalar, token } from "../../crypto/oprf/oprf.ts";
import { payloadDigest } from "../../domain/records/batch.ts";
import { participantOf } from "../../domain/terms/collaboration.ts";
import { verifySignature } from "../../domain/terms/signatures.ts";
import { parseDocument, signatureType, validateDocument } from "../../schemas/reading/validate.ts";
import { PavilionError } from "../../errors/errors.ts";
import type { BlindedBatch, EvaluatedBatch } from "../../schemas/avro/index.ts";
import type { Collaboration } from "../../schemas/json/collaboration.ts";
import type { EvaluatedBatchHeader } from "../../schemas/json/evaluated-batch.ts";
import { asBuffer } from "./batches.ts";

export interface ReceiverContext {
  readonly collaboration: Collaboration;
  /** This provider's id. */
  readonly provider: string;
  /** The push, 32 hex digits. */
  readonly push: string;
  readonly sign: JwsSigner;
  readonly randomBytes: (length: number) => Uint8Array;
}

/** What the receiver keeps of a batch until its answer comes. Secret. */
export interface Blinding {
  /** Digest of the batch's header: the answer names it. */
  readonly digest: string;
  readonly identifiers: readonly Uint8Array[];
  readonly blinds: readonly Uint8Array[];
  readonly elements: readonly Uint8Array[];
}

/** Blinds identifiers, each under a fresh scalar. `sequence` counts from 1 within the push. */
export async function blindBatch(
  context: ReceiverContext,
  sequence: number,
  identifiers: readonly Uint8Array[],
): Promise<{ batch: BlindedBatch; blinding: Blinding }> {
  const { collaboration, provider, push, sign, randomBytes } = context;
  const blinded = identifiers.map((identifier) => {
    const scalar = randomScalar(randomBytes);
    return { scalar, element: asBuffer(blind(identifier, scalar)) };
  });
  const elements = blinded.map(({ element }) => element);
  const header = validateDocument("blinded-batch", {
    type: "pavilion/blinded-batch",
    collaboration: collaboration.id,
    version: collaboration.version,
    epoch: collaboration.matching.epoch,
    provider,
    sequence,
    push,
    count: elements.length,
    payloadDigest: payloadDigest(elements),
  });
  const batch = {
    header: new TextDecoder().decode(canonicalBytes(header)),
    signature: await signDetached(header, { typ: signatureType("blinded-batch"), kid: provider }, sign),
    elements,
  };
  const blinds = blinded.map(({ scalar }) => scalar);
  return { batch, blinding: { digest: digestOf(header), identifiers, blinds, elements } };
}

/**
 * The header of an evaluation that came to this provider; which batch it answers is `blindedDigest`. Nothing is verified
 * yet. Throws DOCUMENT_INVALID.
 */
export const readAnswer = (answer: EvaluatedBatch): EvaluatedBatchHeader =>
  parseDocument("evaluated-batch", answer.header);

/**
 * The tokens of a batch, 16 bytes each, in the order of its identifiers. `publicKey` is the epoch's, hex. Throws
 * NOT_A_MEMBER, WRONG_EPOCH, BATCH_UNREADABLE, BATCH_DIGEST_MISMATCH or BAD_SIGNATURE, and CryptoError
 * OPRF_INVALID_PROOF or OPRF_INVALID_ELEMENT.
 */
export function finalizeAnswer(
  { collaboration, provider }: ReceiverContext,
  publicKey: string,
  blinding: Blinding,
  answer: EvaluatedBatch,
): Uint8Array[] {
  const header = readAnswer(answer);
  const { sender, epoch } = collaboration.matching;
  const signer = participantOf(collaboration, sender);
  if (signer === undefined || header.provider !== sender || header.receiver !== provider) {
    throw new PavilionError("NOT_A_MEMBER", "The evaluation is not from the sender to this provider.");
  }
  if (header.collaboration !== collaboration.id || header.epoch !== epoch) {
    throw new PavilionError("WRONG_EPOCH", "The evaluation is for another collaboration or epoch.");
  }
  const count = blinding.elements.length;
  if (
    header.blindedDigest !== blinding.digest ||
    header.count !== count ||
    answer.elements.length !== count
  ) {
    throw new PavilionError("BATCH_UNREADABLE", "The evaluation answers a different batch.");
  }
  if (header.payloadDigest !== payloadDigest([...answer.elements, answer.proof])) {
    throw new PavilionError("BATCH_DIGEST_MISMATCH", "The evaluation is not the one that was signed.");
  }
  verifySignature("evaluated-batch", header, answer.signature, signer);
  const outputs = finalizeBatch(
    blinding.identifiers,
    blinding.blinds,
    answer.elements,
    blinding.elements,
    Buffer.from(publicKey, "hex"),
    answer.proof,
  );
  return outputs.map(token);
}
