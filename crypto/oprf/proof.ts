/**
 * Proof of discrete logarithm equality over a batch, RFC 9497 section 2.2: one proof of 64 bytes says that the same key
 * k relates the generator to the public key and every element C[i] to D[i].
 *
 * The elements handed in are deserialized already. Everything that enters a proof but the key and the proof's own
 * random scalar is public.
 */
import {
  add,
  deserializeScalar,
  domainTag,
  equal,
  hash,
  hashToScalar,
  isZeroScalar,
  lengthPrefixed,
  multiply,
  multiplyBase,
  SCALAR_LENGTH,
  subtractProduct,
  twoBytes,
} from "./group.ts";
import { CryptoError } from "../errors.ts";

const PROOF_LENGTH = 2 * SCALAR_LENGTH;

/** The index of an element enters the transcript as two bytes, and RFC 9497 section 2.2 counts to 2^16 − 1. */
export const BATCH_LENGTH_MAX = 65_535;

const SEED_TAG = domainTag("Seed-");
const COMPOSITE = Buffer.from("Composite");
const CHALLENGE = Buffer.from("Challenge");

interface Composites {
  readonly m: Uint8Array;
  readonly z: Uint8Array;
}

/**
 * GenerateProof, by the key holder, for k · C[i] = D[i] and k · G = publicKey. `randomScalar` is drawn afresh for each
 * proof: two proofs over different batches with the same scalar give the key away.
 */
export function generateProof(
  secretKey: Uint8Array,
  publicKey: Uint8Array,
  c: readonly Uint8Array[],
  d: readonly Uint8Array[],
  randomScalar: Uint8Array,
): Uint8Array {
  const { m, z } = computeCompositesFast(secretKey, publicKey, c, d);
  const t2 = multiplyBase(randomScalar);
  const t3 = multiply(randomScalar, m);
  const challenge = computeChallenge(publicKey, m, z, t2, t3);
  const proof = new Uint8Array(PROOF_LENGTH);
  proof.set(challenge);
  proof.set(subtractProduct(randomScalar, challenge, secretKey), SCALAR_LENGTH);
  return proof;
}

/** VerifyProof. False for a proof that does not hold and for one that is not 64 bytes of two canonical scalars. */
export function verifyProofOver(
  publicKey: Uint8Array,
  c: readonly Uint8Array[],
  d: readonly Uint8Array[],
  proof: Uint8Array,
): boolean {
  const scalars = deserializeProof(proof);
  if (scalars === undefined) return false;
  const { challenge, response } = scalars;
  const { m, z } = computeComposites(publicKey, c, d);
  const t2 = add(multiplyBase(response), multiply(challenge, publicKey));
  const t3 = add(multiply(response, m), multiply(challenge, z));
  return equal(challenge, computeChallenge(publicKey, m, z, t2, t3));
}

/** An honest proof holds a zero with probability 2^-252, so a zero scalar is refused like one that is not canonical. */
function deserializeProof(proof: Uint8Array): { challenge: Uint8Array; response: Uint8Array } | undefined {
  if (proof.length !== PROOF_LENGTH) return undefined;
  try {
    return {
      challenge: deserializeScalar(proof.subarray(0, SCALAR_LENGTH)),
      response: deserializeScalar(proof.subarray(SCALAR_LENGTH)),
    };
  } catch (error) {
    if (error instanceof CryptoError) return undefined;
    throw error;
  }
}

function computeComposites(
  publicKey: Uint8Array,
  c: readonly Uint8Array[],
  d: readonly Uint8Array[],
): Composites {
  const weights = computeWeights(publicKey, c, d);
  return { m: weightedSum(weights, c), z: weightedSum(weights, d) };
}

/** ComputeCompositesFast: who knows the key needs no second sum, since Z = k · M. */
function computeCompositesFast(
  secretKey: Uint8Array,
  publicKey: Uint8Array,
  c: readonly Uint8Array[],
  d: readonly Uint8Array[],
): Composites {
  const m = weightedSum(computeWeights(publicKey, c, d), c);
  return { m, z: multiply(secretKey, m) };
}

/** The scalars d_i of RFC 9497 section 2.2.1, each a hash of the public key, the index and both elements. */
function computeWeights(
  publicKey: Uint8Array,
  c: readonly Uint8Array[],
  d: readonly Uint8Array[],
): Uint8Array[] {
  const seed = hash([...lengthPrefixed(publicKey), ...lengthPrefixed(SEED_TAG)]);
  return c.map((element, index) =>
    hashToScalar([
      ...lengthPrefixed(seed),
      twoBytes(index),
      ...lengthPrefixed(element),
      ...lengthPrefixed(at(d, index)),
      COMPOSITE,
    ]),
  );
}

function weightedSum(weights: readonly Uint8Array[], elements: readonly Uint8Array[]): Uint8Array {
  let sum: Uint8Array | undefined;
  for (const [index, element] of elements.entries()) {
    const weight = at(weights, index);
    if (isZeroScalar(weight)) continue;
    const term = multiply(weight, element);
    sum = sum === undefined ? term : add(sum, term);
  }
  if (sum === undefined) throw new CryptoError("OPRF_INVALID_INPUT", "the batch is empty");
  return sum;
}

function computeChallenge(...elements: readonly Uint8Array[]): Uint8Array {
  return hashToScalar([...elements.flatMap(lengthPrefixed), CHALLENGE]);
}

function at(list: readonly Uint8Array[], index: number): Uint8Array {
  const item = list[index];
  if (item === undefined)
    throw new CryptoError("OPRF_INVALID_INPUT", "the lists of a batch differ in length");
  return item;
}
