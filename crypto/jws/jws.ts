/**
 * RFC 7515 compact JSON Web Signatures with Ed25519 (RFC 8037, `alg: EdDSA`): detached over the RFC 8785 bytes of a
 * document (RFC 7515 appendix F), or attached, for JWTs such as `vc+jwt`.
 *
 * Promises: the protected header is exactly {alg, kid, typ}, each once; `none`, HMAC and every other algorithm,
 * `crit` and unknown members are refused; the verifier names the type it expects, so that a signature made for one
 * kind of document fits no other (RFC 8725 section 3.11); base64url is read strictly.
 * Does not: choose the key. The caller pins it; `kid` is returned as a label that the signer wrote, and authorises
 * nothing. Time claims, audiences and schemas are the caller's too.
 */
import { CryptoError } from "../errors.ts";
import { decodeBase64url, encodeBase64url } from "./base64url.ts";
import { canonicalBytes } from "./canonical.ts";
import { SIGNATURE_LENGTH, verifyEd25519 } from "./ed25519.ts";

const ALGORITHM = "EdDSA";
/** Longest encoded header that is parsed; ours take about 150 characters. */
const HEADER_LENGTH_MAX = 2048;
const JSON_STRING = /"(?:[^"\\]|\\.)*"/g;

/** What the signer states in the protected header, beside `alg`; neither is empty. */
export interface JwsHeader {
  /** Media type label of the document, compared exactly. */
  readonly typ: string;
  /** Key id, for example a did:key verification method. */
  readonly kid: string;
}

/** What the verifier demands. */
export interface JwsExpectation {
  readonly typ: string;
  /** 32-byte raw Ed25519 key that the caller trusts for this document. */
  readonly publicKey: Uint8Array;
}

/** Signs the ASCII signing input; 64 bytes. */
export type JwsSigner = (signingInput: Uint8Array) => Promise<Uint8Array> | Uint8Array;

/**
 * Detached compact JWS `header..signature` over the document's canonical bytes. Throws CANONICAL_NOT_JSON, or
 * JWS_MALFORMED for an empty typ or kid, or JWS_BAD_SIGNATURE when the signer answers anything but 64 bytes.
 */
export async function signDetached(document: unknown, header: JwsHeader, sign: JwsSigner): Promise<string> {
  const { encodedHeader, signature } = await signPayload(canonicalBytes(document), header, sign);
  return `${encodedHeader}..${signature}`;
}

/** Attached compact JWS `header.payload.signature` over the bytes as they are. Throws as signDetached does. */
export async function signCompact(payload: Uint8Array, header: JwsHeader, sign: JwsSigner): Promise<string> {
  const { encodedHeader, signature } = await signPayload(payload, header, sign);
  return `${encodedHeader}.${encodeBase64url(payload)}.${signature}`;
}

/**
 * Checks a detached JWS over a document; answers the signer's `kid`.
 * Throws CryptoError JWS_MALFORMED, JWS_WRONG_ALGORITHM, JWS_WRONG_TYPE, JWS_BAD_SIGNATURE, CANONICAL_NOT_JSON, or
 * ED25519_KEY_MALFORMED for the key that the caller handed in.
 */
export function verifyDetached(document: unknown, jws: string, expected: JwsExpectation): { kid: string } {
  const { header, payload, signature } = splitCompact(jws);
  if (payload !== "") throw malformed("a detached JWS carries no payload");
  const { kid } = readHeader(header, expected.typ);
  const input = signingInput(header, encodeBase64url(canonicalBytes(document)));
  checkSignature(expected.publicKey, input, signature);
  return { kid };
}

/** Checks an attached JWS; answers `kid` and the payload that was signed. Throws as verifyDetached does. */
export function verifyCompact(jws: string, expected: JwsExpectation): { kid: string; payload: Uint8Array } {
  const { header, payload, signature } = splitCompact(jws);
  const { kid } = readHeader(header, expected.typ);
  const bytes = decodeBase64url(payload);
  if (bytes === undefined) throw malformed("the payload is not base64url");
  checkSignature(expected.publicKey, signingInput(header, payload), signature);
  return { kid, payload: bytes };
}

async function signPayload(
  payload: Uint8Array,
  { typ, kid }: JwsHeader,
  sign: JwsSigner,
): Promise<{ encodedHeader: string; signature: string }> {
  if (typ === "" || kid === "") throw malformed("typ and kid must not be empty");
  const encodedHeader = encodeBase64url(canonicalBytes({ alg: ALGORITHM, kid, typ }));
  if (encodedHeader.length > HEADER_LENGTH_MAX) throw malformed("the header is too long");
  const signature = await sign(signingInput(encodedHeader, encodeBase64url(payload)));
  if (signature.length !== SIGNATURE_LENGTH) throw badSignature();
  return { encodedHeader, signature: encodeBase64url(signature) };
}

function signingInput(encodedHeader: string, encodedPayload: string): Uint8Array {
  return new TextEncoder().encode(`${encodedHeader}.${encodedPayload}`);
}

function splitCompact(jws: string): { header: string; payload: string; signature: string } {
  const [header, payload, signature, ...rest] = jws.split(".", 4);
  if (header === undefined || payload === undefined || signature === undefined || rest.length > 0) {
    throw malformed("a compact JWS has three parts");
  }
  return { header, payload, signature };
}

function readHeader(encoded: string, typ: string): { kid: string } {
  const { members, text } = parseHeader(encoded);
  if (members.alg !== ALGORITHM) {
    throw new CryptoError("JWS_WRONG_ALGORITHM", "The JWS is not signed with EdDSA.");
  }
  const { kid, typ: stated } = members;
  // alg, kid and typ as strings are six strings in the text. More is another member, or one of them twice, of which
  // JSON.parse would have kept the last.
  const stringCount = text.match(JSON_STRING)?.length;
  if (typeof kid !== "string" || typeof stated !== "string" || stringCount !== 6) {
    throw malformed("the header must have alg, kid and typ, each once, and nothing else");
  }
  if (kid === "") throw malformed("kid is empty");
  if (stated !== typ) {
    throw new CryptoError("JWS_WRONG_TYPE", "The JWS was made for another type of document.");
  }
  return { kid };
}

function parseHeader(encoded: string): { members: Record<string, unknown>; text: string } {
  const bytes = encoded.length > HEADER_LENGTH_MAX ? undefined : decodeBase64url(encoded);
  if (bytes === undefined) throw malformed("the header is not base64url, or too long");
  let text: string;
  let parsed: unknown;
  try {
    text = new TextDecoder("utf-8", { fatal: true, ignoreBOM: true }).decode(bytes);
    parsed = JSON.parse(text);
  } catch {
    throw malformed("the header is not JSON in UTF-8");
  }
  if (typeof parsed !== "object" || parsed === null || Array.isArray(parsed)) {
    throw malformed("the header is not a JSON object");
  }
  return { members: { ...parsed }, text };
}

function checkSignature(publicKey: Uint8Array, input: Uint8Array, encoded: string): void {
  const signature = decodeBase64url(encoded);
  if (signature === undefined) throw malformed("the signature is not base64url");
  if (!verifyEd25519(publicKey, input, signature)) throw badSignature();
}

function malformed(reason: string): CryptoError {
  return new CryptoError("JWS_MALFORMED", `Refused a JWS: ${reason}.`);
}

function badSignature(): CryptoError {
  return new CryptoError("JWS_BAD_SIGNATURE", "The signature does not fit the document and the key.");
}
