/**
 * Proofs of knowledge of a representation: scalars w with point = Σ w_i · bases[i], over exactly these bases. Okamoto's
 * generalisation of Schnorr's protocol (CRYPTO '92; Maurer, "Unifying Zero-Knowledge Proofs of Knowledge", AFRICACRYPT
 * 2009), made non-interactive by Fiat and Shamir's method: the challenge is a hash of the context, every base in order,
 * the point, and the prover's announcement.
 *
 * The nonces come from the prover's secret bytes hashed with the statement, so that the same bytes given to another statement
 * by mistake do not give the witness away.
 */
import { createHash } from "node:crypto";
import { CryptoError } from "../errors.ts";
import { type Term, combine } from "./combination.ts";
import { type Point, ORDER, addPoints, encodePoints, multiply } from "./group.ts";
import { toBigEndian } from "./integers.ts";
import { WIDE_LENGTH, decodeScalar, encodeScalar, scalarFrom } from "./scalars.ts";

/** Scalars as 64 hexadecimal digits, small letters. Public. */
export interface RepresentationProof {
  readonly challenge: string;
  /** One for each base, in order. */
  readonly responses: readonly string[];
}

const CHALLENGE_LABEL = "pavilion/commitment/v1/representation/challenge";
const NONCE_LABEL = "pavilion/commitment/v1/representation/nonce";
const SCALAR_DIGITS = /^[0-9a-f]{64}$/;

/**
 * Proves that the prover knows `witness`, one scalar for each base. `context` says what the proof is for: it verifies for no
 * other. `randomness(i)` returns 64 uniform secret bytes for the nonce of base i, the same ones for no other base or proof.
 * `point` is their sum, where it is known already. Throws COMMITMENT_INVALID for no bases, another number of scalars, or bytes of
 * another length.
 */
export function proveRepresentation(
  bases: readonly Point[],
  witness: readonly bigint[],
  context: Uint8Array,
  randomness: (index: number) => Uint8Array,
  point?: Point,
): RepresentationProof {
  const known = pair(bases, witness);
  if (known.length === 0) throw new CryptoError("COMMITMENT_INVALID", "a representation has a base");
  const statement = statementOf(bases, point ?? secretSum(known), context);
  const secrets = known.map(({ point, scalar }, index) => {
    const nonce = nonceFrom(statement, index, randomness(index));
    return { scalar, nonce, announced: { point, scalar: nonce } };
  });
  const challenge = challengeOf(statement, secretSum(secrets.map(({ announced }) => announced)));
  const responses = secrets.map(({ scalar, nonce }) => respond(nonce, challenge, scalar));
  return { challenge: digitsOf(challenge), responses: responses.map(digitsOf) };
}

/**
 * Whether the proof shows knowledge of a representation of `point`, a point of the subgroup, over exactly these bases, for this context.
 * False, too, for no bases, and for a proof with another number of responses or with scalars that are not canonical.
 */
export function verifyRepresentation(
  bases: readonly Point[],
  point: Point,
  context: Uint8Array,
  proof: RepresentationProof,
): boolean {
  const scalars = readProof(proof);
  if (scalars === undefined || bases.length === 0 || scalars.responses.length !== bases.length) return false;
  const { challenge, responses } = scalars;
  const claimed = { scalar: (ORDER - challenge) % ORDER, point };
  const announcement = combine([...pair(bases, responses), claimed]);
  return challengeOf(statementOf(bases, point, context), announcement) === challenge;
}

function pair(bases: readonly Point[], scalars: readonly bigint[]): Term[] {
  const terms: Term[] = [];
  for (const [index, point] of bases.entries()) {
    const scalar = scalars[index];
    if (scalar !== undefined) terms.push({ scalar, point });
  }
  if (terms.length !== scalars.length || terms.length !== bases.length) {
    throw new CryptoError("COMMITMENT_INVALID", "a representation has one scalar for each base");
  }
  return terms;
}

function secretSum(terms: readonly Term[]): Point {
  return addPoints(terms.map(({ scalar, point }) => multiply(point, scalar)));
}

/** What a proof is about, without ambiguity: lengths come before what they count, and points have one length. */
function statementOf(bases: readonly Point[], point: Point, context: Uint8Array): Uint8Array {
  return Buffer.concat([
    toBigEndian(BigInt(context.length), 8),
    context,
    toBigEndian(BigInt(bases.length), 8),
    ...encodePoints([...bases, point]),
  ]);
}

function challengeOf(statement: Uint8Array, announcement: Point): bigint {
  return hashToScalar(CHALLENGE_LABEL, [statement, ...encodePoints([announcement])]);
}

function nonceFrom(statement: Uint8Array, index: number, bytes: Uint8Array): bigint {
  if (bytes.length !== WIDE_LENGTH) {
    throw new CryptoError("COMMITMENT_INVALID", `a nonce takes ${String(WIDE_LENGTH)} bytes`);
  }
  return hashToScalar(NONCE_LABEL, [bytes, toBigEndian(BigInt(index), 8), statement]);
}

/** SHA-512 over the label, a zero byte and the parts, as a wide scalar. */
function hashToScalar(label: string, parts: readonly Uint8Array[]): bigint {
  const hash = createHash("sha512").update(label, "ascii").update(Uint8Array.of(0));
  for (const part of parts) hash.update(part);
  return scalarFrom(hash.digest());
}

function respond(nonce: bigint, challenge: bigint, scalar: bigint): bigint {
  const sum = (nonce + challenge * scalar) % ORDER;
  return sum < 0n ? sum + ORDER : sum;
}

function digitsOf(scalar: bigint): string {
  return Buffer.from(encodeScalar(scalar)).toString("hex");
}

/** The proof's scalars, or nothing where it is not made of canonical ones: what comes from a document may be anything. */
function readProof(proof: unknown): { challenge: bigint; responses: bigint[] } | undefined {
  if (typeof proof !== "object" || proof === null) return undefined;
  const { challenge, responses } = proof as { challenge?: unknown; responses?: unknown };
  if (!Array.isArray(responses)) return undefined;
  try {
    return { challenge: readScalar(challenge), responses: Array.from(responses, readScalar) };
  } catch (error) {
    if (error instanceof CryptoError) return undefined;
    throw error;
  }
}

function readScalar(digits: unknown): bigint {
  if (typeof digits !== "string" || !SCALAR_DIGITS.test(digits)) {
    throw new CryptoError("COMMITMENT_INVALID", "not the digits of a scalar");
  }
  return decodeScalar(Buffer.from(digits, "hex"));
}
