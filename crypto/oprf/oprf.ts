/**
 * Verifiable oblivious pseudorandom function: RFC 9497, VOPRF mode, suite ristretto255-SHA512.
 *
 * The client learns F(key, input) and that the key is the one behind a known public key; the key holder learns neither
 * input nor output. Method by method the text says which side calls it.
 *
 * Does not: draw randomness (scalars are arguments), authenticate messages, count evaluations. Inputs from a small set
 * can be enumerated by whoever holds the key or may ask often: the key holder's meter is what limits that. Batches run
 * to the end synchronously; the caller bounds them.
 *
 * Codes: OPRF_INVALID_INPUT (lengths), OPRF_INVALID_ELEMENT, OPRF_INVALID_SCALAR, OPRF_KEY_MISMATCH, OPRF_INVALID_PROOF.
 */
import { CryptoError } from "../errors.ts";
import {
  deserializeElement,
  deserializeScalar,
  domainTag,
  equal,
  hash,
  HASH_LENGTH,
  hashToGroup,
  hashToScalar,
  invert,
  isZeroScalar,
  lengthPrefixed,
  multiply,
  multiplyBase,
  reduceWide,
} from "./group.ts";
import { BATCH_LENGTH_MAX, generateProof, verifyProofOver } from "./proof.ts";

/** The longest input, in bytes: its length enters the hash as two bytes. */
const INPUT_LENGTH_MAX = 65_535;
const SEED_LENGTH = 32;
const TOKEN_LENGTH = 16;

const WIDE_LENGTH = 64;
const FINALIZE = Buffer.from("Finalize");
const DERIVE_KEY_PAIR_TAG = domainTag("DeriveKeyPair");
const DERIVE_COUNTER_MAX = 255;

export interface KeyPair {
  /** 32 bytes; stays with the key holder. */
  readonly secretKey: Uint8Array;
  /** 32 bytes; published. */
  readonly publicKey: Uint8Array;
}

export interface EvaluatedBatch {
  /** One element of 32 bytes for each blinded element, in order. */
  readonly evaluated: Uint8Array[];
  /** 64 bytes over the whole batch. */
  readonly proof: Uint8Array;
}

/**
 * A uniform scalar other than zero, by wide reduction of 64 bytes. `randomBytes(n)` returns n uniform bytes.
 * Throws OPRF_INVALID_INPUT when it returns another number of bytes, OPRF_INVALID_SCALAR when they reduce to zero.
 */
export function randomScalar(randomBytes: (length: number) => Uint8Array): Uint8Array {
  const bytes = randomBytes(WIDE_LENGTH);
  requireLength(bytes, WIDE_LENGTH, "the random bytes");
  return deserializeScalar(reduceWide(bytes));
}

/** DeriveKeyPair, section 3.2.1 (key holder). `seed` is 32 secret bytes, `info` a public label of up to 65,535 bytes. */
export function deriveKeyPair(seed: Uint8Array, info: Uint8Array): KeyPair {
  requireLength(seed, SEED_LENGTH, "the seed");
  requireInput(info);
  for (let counter = 0; counter <= DERIVE_COUNTER_MAX; counter++) {
    const message = [seed, ...lengthPrefixed(info), Uint8Array.of(counter)];
    const secretKey = hashToScalar(message, DERIVE_KEY_PAIR_TAG);
    if (!isZeroScalar(secretKey)) return { secretKey, publicKey: multiplyBase(secretKey) };
  }
  throw new CryptoError("OPRF_INVALID_INPUT", "no key can be derived from this seed");
}

/** The public key of a secret key (key holder). Throws OPRF_INVALID_SCALAR. */
export function publicKeyOf(secretKey: Uint8Array): Uint8Array {
  return multiplyBase(deserializeScalar(secretKey));
}

/**
 * Blind, section 3.3.2 (client): the blinded element to send. `blindScalar` is drawn afresh for each input, kept secret
 * and needed again by `finalizeBatch`; the same input under the same scalar gives the same element.
 */
export function blind(input: Uint8Array, blindScalar: Uint8Array): Uint8Array {
  requireInput(input);
  return multiply(deserializeScalar(blindScalar), hashToGroup(input));
}

/**
 * BlindEvaluate over a batch with one proof (key holder). `proofRandomScalar` is drawn afresh for each call and
 * stays secret. Throws OPRF_KEY_MISMATCH when the public key is not the secret key's.
 */
export function blindEvaluateBatch(
  secretKey: Uint8Array,
  publicKey: Uint8Array,
  blindedElements: readonly Uint8Array[],
  proofRandomScalar: Uint8Array,
): EvaluatedBatch {
  requireBatch(blindedElements);
  if (!equal(publicKeyOf(secretKey), publicKey)) {
    throw new CryptoError("OPRF_KEY_MISMATCH", "the public key does not belong to the secret key");
  }
  deserializeScalar(proofRandomScalar);
  const evaluated = blindedElements.map((element) => multiply(secretKey, deserializeElement(element)));
  const proof = generateProof(secretKey, publicKey, blindedElements, evaluated, proofRandomScalar);
  return { evaluated, proof };
}

/**
 * VerifyProof (anyone): whether every evaluated element is the blinded one times the key behind `publicKey`. False also for a
 * malformed proof. Throws OPRF_INVALID_INPUT for lists that do not match and OPRF_INVALID_ELEMENT.
 */
export function verifyProof(
  publicKey: Uint8Array,
  blindedElements: readonly Uint8Array[],
  evaluatedElements: readonly Uint8Array[],
  proof: Uint8Array,
): boolean {
  requireBatch(blindedElements);
  requireSameLength(blindedElements, evaluatedElements);
  deserializeElement(publicKey);
  for (const element of [...blindedElements, ...evaluatedElements]) deserializeElement(element);
  return verifyProofOver(publicKey, blindedElements, evaluatedElements, proof);
}

/**
 * Finalize over a batch (client): checks the proof, unblinds, hashes. Returns one output of 64 bytes per input. The blinded elements
 * are those that this client made of the same inputs and blinds. Throws OPRF_INVALID_PROOF, and then returns nothing.
 */
export function finalizeBatch(
  inputs: readonly Uint8Array[],
  blinds: readonly Uint8Array[],
  evaluatedElements: readonly Uint8Array[],
  blindedElements: readonly Uint8Array[],
  publicKey: Uint8Array,
  proof: Uint8Array,
): Uint8Array[] {
  requireSameLength(inputs, blindedElements);
  requireSameLength(blinds, blindedElements);
  inputs.forEach(requireInput);
  if (!verifyProof(publicKey, blindedElements, evaluatedElements, proof)) {
    throw new CryptoError("OPRF_INVALID_PROOF", "the evaluation was not made with the expected key");
  }
  return zip3(inputs, blinds, evaluatedElements, (input, blindScalar, evaluated) =>
    finalizeHash(input, multiply(invert(deserializeScalar(blindScalar)), evaluated)),
  );
}

/** Evaluate (key holder): the output for an input in the clear, equal to what a client finalizes. 64 bytes. */
export function evaluate(secretKey: Uint8Array, input: Uint8Array): Uint8Array {
  requireInput(input);
  return finalizeHash(input, multiply(deserializeScalar(secretKey), hashToGroup(input)));
}

/** The matching token: the first 16 bytes of an output. */
export function token(output: Uint8Array): Uint8Array {
  requireLength(output, HASH_LENGTH, "an output");
  return output.slice(0, TOKEN_LENGTH);
}

function finalizeHash(input: Uint8Array, element: Uint8Array): Uint8Array {
  return Uint8Array.from(hash([...lengthPrefixed(input), ...lengthPrefixed(element), FINALIZE]));
}

function zip3<T>(
  first: readonly Uint8Array[],
  second: readonly Uint8Array[],
  third: readonly Uint8Array[],
  combine: (a: Uint8Array, b: Uint8Array, c: Uint8Array) => T,
): T[] {
  return first.map((a, index) => {
    const b = second[index];
    const c = third[index];
    if (b === undefined || c === undefined) throw differingLengths();
    return combine(a, b, c);
  });
}

function requireInput(input: Uint8Array): void {
  if (input.length > INPUT_LENGTH_MAX) {
    throw new CryptoError("OPRF_INVALID_INPUT", `an input is longer than ${String(INPUT_LENGTH_MAX)} bytes`);
  }
}

function requireLength(bytes: Uint8Array, length: number, what: string): void {
  if (bytes.length !== length) {
    throw new CryptoError("OPRF_INVALID_INPUT", `${what} must have ${String(length)} bytes`);
  }
}

function requireBatch(elements: readonly Uint8Array[]): void {
  if (elements.length === 0 || elements.length > BATCH_LENGTH_MAX) {
    throw new CryptoError("OPRF_INVALID_INPUT", `a batch has 1 to ${String(BATCH_LENGTH_MAX)} elements`);
  }
}

function requireSameLength(left: readonly Uint8Array[], right: readonly Uint8Array[]): void {
  if (left.length !== right.length) throw differingLengths();
}

function differingLengths(): CryptoError {
  return new CryptoError("OPRF_INVALID_INPUT", "the lists of a batch differ in length");
}
