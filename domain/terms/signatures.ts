/**
 * Signatures under documents: detached JWS by Ed25519 keys that documents pin for the parties that they name.
 */
import { base64urlnopad } from "@scure/base";
import { CryptoError } from "../../crypto/errors.ts";
import { verifyDetached } from "../../crypto/jws/jws.ts";
import { PavilionError } from "../../errors/errors.ts";
import type { DocumentSignature } from "../../schemas/avro/index.ts";
import { signatureType, type DocumentKind } from "../../schemas/reading/validate.ts";

/** A party under the key that a document pins for it, raw, base64url. */
export interface Signer {
  readonly id: string;
  readonly key: string;
}

/** A raw 32-byte Ed25519 key as documents pin it. */
export const publicKeyIn = (text: string): Uint8Array => base64urlnopad.decode(text);
export const publicKeyText = (key: Uint8Array): string => base64urlnopad.encode(key);

/** The schema's pattern admits spare bits in the last character, which the decoder does not. */
export function isPublicKey(text: string): boolean {
  try {
    return publicKeyIn(text).length === 32;
  } catch {
    return false;
  }
}

/** Throws BAD_SIGNATURE unless the JWS over the document is by the key that is pinned for the signer. */
export function verifySignature(
  kind: DocumentKind,
  document: unknown,
  signature: string,
  signer: Signer,
): void {
  if (isSignedBy(kind, document, signature, signer)) return;
  throw new PavilionError("BAD_SIGNATURE", `The ${kind} is not signed by ${signer.id}.`);
}

/**
 * Throws SIGNATURE_MISSING that names the signer who has not signed, or BAD_SIGNATURE where it has, and not under this
 * key. A provider whose key changes signs twice, under the old one and the new.
 */
export function requireSigned(
  kind: DocumentKind,
  document: unknown,
  signatures: readonly DocumentSignature[],
  signer: Signer,
): void {
  if (signatureOf(kind, document, signatures, signer) !== undefined) return;
  if (!signatures.some(({ provider }) => provider === signer.id))
    throw new PavilionError("SIGNATURE_MISSING", `${signer.id} has not signed the ${kind}.`);
  throw new PavilionError(
    "BAD_SIGNATURE",
    `The ${kind} is not signed by ${signer.id} under the key that is pinned for it.`,
  );
}

/** The signature under that key, among those of the same name. */
export const signatureOf = (
  kind: DocumentKind,
  document: unknown,
  signatures: readonly DocumentSignature[],
  signer: Signer,
): DocumentSignature | undefined =>
  signatures.find(
    ({ provider, signature }) => provider === signer.id && isSignedBy(kind, document, signature, signer),
  );

function isSignedBy(kind: DocumentKind, document: unknown, signature: string, { id, key }: Signer): boolean {
  try {
    const { kid } = verifyDetached(document, signature, {
      typ: signatureType(kind),
      publicKey: publicKeyIn(key),
    });
    return kid === id;
  } catch (error) {
    if (error instanceof CryptoError) return false;
    throw error;
  }
}
