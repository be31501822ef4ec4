/**
 * Requests: a question as the broker signs it, and as the region reads it. The document travels as the RFC 8785 text
 * that was signed, so that everybody digests the same bytes.
 *
 * Promises: a request that reads has exactly one text and one digest. Does not: verify the signature or decide
 * anything; that takes the collaboration's pinned keys and the time.
 */
import { createHash } from "node:crypto";
import { CryptoError } from "../../crypto/errors.ts";
import { canonicalBytes } from "../../crypto/jws/canonical.ts";
import { signDetached, type JwsSigner } from "../../crypto/jws/jws.ts";
import { PavilionError } from "../../errors/errors.ts";
import type { SignedRequest } from "../../schemas/avro/index.ts";
import type { Request } from "../../schemas/json/request.ts";
import { parseDocument, signatureType, validateDocument } from "../../schemas/reading/validate.ts";

/** In bytes. The longest question that follows the schema takes about 3,000. */
const DOCUMENT_LENGTH_MAX = 16_384;

/** A request as it was read; times in milliseconds since the epoch. */
export interface ReadRequest {
  readonly document: Request;
  /** Lowercase hex SHA-256 of the canonical text: the request's identity. */
  readonly digest: string;
  readonly issuedAt: number;
  /** When a result or an error is due. */
  readonly deadline: number;
}

/** Signs a request as its broker; `kid` is the broker's id. Throws DOCUMENT_INVALID. */
export async function signRequest(document: Request, sign: JwsSigner): Promise<SignedRequest> {
  validateDocument("request", document);
  return {
    requestId: document.id,
    document: new TextDecoder().decode(canonicalBytes(document)),
    signature: await signDetached(document, { typ: signatureType("request"), kid: document.broker }, sign),
    seedCommitment: document.seedCommitment,
  };
}

/** Reads a request's text. Throws DOCUMENT_INVALID that names what is wrong, never a value. */
export function readRequest(text: string): ReadRequest {
  if (Buffer.byteLength(text, "utf8") > DOCUMENT_LENGTH_MAX) {
    throw new PavilionError("DOCUMENT_INVALID", "The request document is longer than 16 KiB.");
  }
  const document = parseDocument("request", text);
  if (!isCanonical(document, text)) {
    throw new PavilionError("DOCUMENT_INVALID", "The request document is not its RFC 8785 canonical form.");
  }
  const issuedAt = Date.parse(document.issuedAt);
  // The schema's pattern admits a 30th of February, and the parser moves it to March.
  if (Number.isNaN(issuedAt) || new Date(issuedAt).toISOString() !== document.issuedAt) {
    throw new PavilionError("DOCUMENT_INVALID", "The request's issuedAt is not a date that exists.");
  }
  return {
    document,
    digest: textDigest(text),
    issuedAt,
    deadline: issuedAt + document.deadlineSeconds * 1000,
  };
}

/** Lowercase hex SHA-256 of a text in UTF-8: the digest of a request, readable or not. */
export const textDigest = (text: string): string => createHash("sha256").update(text, "utf8").digest("hex");

function isCanonical(document: Request, text: string): boolean {
  try {
    return new TextDecoder().decode(canonicalBytes(document)) === text;
  } catch (error) {
    if (error instanceof CryptoError) return false;
    throw error;
  }
}
