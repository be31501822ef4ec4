/**
 * The shape of relayed payloads (RFC 9497, ristretto255-SHA512): element and proof lengths, count and signed digest.
 * Whether an element is a valid, non-identity point is for the agents to check, who compute with it.
 */
import { payloadDigest } from "../../domain/records/batch.ts";
import { PavilionError } from "../../errors/errors.ts";
import type { BlindedBatch, EvaluatedBatch } from "../../schemas/avro/index.ts";

const ELEMENT_LENGTH = 32;
/** DLEQ: two scalars. */
const PROOF_LENGTH = 64;

interface Stated {
  /** 1 to 2,000, by the documents' schema. */
  readonly count: number;
  readonly payloadDigest: string;
}

/** Throws BATCH_UNREADABLE or BATCH_DIGEST_MISMATCH. */
export function requireBlinded(batch: BlindedBatch, stated: Stated): void {
  requireElements(batch.elements, stated.count);
  requireDigest(batch.elements, stated);
}

/** Throws BATCH_UNREADABLE or BATCH_DIGEST_MISMATCH. */
export function requireEvaluated(batch: EvaluatedBatch, stated: Stated): void {
  requireElements(batch.elements, stated.count);
  if (batch.proof.length !== PROOF_LENGTH)
    throw new PavilionError("BATCH_UNREADABLE", "The proof is not a DLEQ proof.");
  requireDigest([...batch.elements, batch.proof], stated);
}

function requireElements(elements: readonly Uint8Array[], count: number): void {
  if (elements.length === count && elements.every((element) => element.length === ELEMENT_LENGTH)) return;
  throw new PavilionError(
    "BATCH_UNREADABLE",
    "The elements do not have the number or length that is stated.",
  );
}

function requireDigest(parts: readonly Uint8Array[], stated: Stated): void {
  if (payloadDigest(parts) === stated.payloadDigest) return;
  throw new PavilionError(
    "BATCH_DIGEST_MISMATCH",
    "The payload does not have the digest that the header states.",
  );
}
