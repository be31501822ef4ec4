/**
 * Verifies Groth16 proofs over BN254: Groth, "On the Size of Pairing-based Non-interactive Arguments" (EUROCRYPT 2016),
 * section 3.2. A proof (A, B, C) holds for the signals s1 … sn if
 *
 *     e(A, B) = e(alpha, beta) · e(IC0 + s1·IC1 + … + sn·ICn, gamma) · e(C, delta)
 *
 * Promises that each signal has one way of being written (below the field's modulus) and each coordinate too, and that every
 * point lies on its curve, in the subgroup, and is not at infinity. What is malformed is false, never an exception.
 *
 * A valid proof can be turned into other valid ones for the same statement by anyone: (−A, −B, C) is one. Bytes of a proof are
 * no identity and must not be used to recognise a replay.
 *
 * Codes: GROTH16_INVALID_KEY, GROTH16_INVALID_INPUT.
 */
import { interleavedMSMUnsafe } from "@noble/curves/abstract/curve.js";
import { bn254 } from "@noble/curves/bn254.js";
import { CryptoError } from "../errors.ts";
import { FIELD_MODULUS, isElement } from "./field.ts";
import { type G1Point, type G2Point, g1Point, g2Point } from "./points.ts";
import type { PreparedG2, VerificationKey } from "./verification-key.ts";

export { readVerificationKey, type VerificationKey } from "./verification-key.ts";

/**
 * Affine coordinates in decimal: `a` is snarkjs's pi_a without its third coordinate, "1"; `c` is pi_c likewise; `b` is pi_b without
 * ["1", "0"], each coordinate written [c0, c1] for c0 + c1·u, in snarkjs's order (EIP-197 has the two the other way round).
 */
export interface Proof {
  readonly a: readonly [string, string];
  readonly b: readonly [readonly [string, string], readonly [string, string]];
  readonly c: readonly [string, string];
}

export interface ProvenSignals {
  readonly proof: Proof;
  readonly signals: readonly bigint[];
}

/** A proof whose points were checked, with its signals. */
interface Claim {
  readonly a: G1Point;
  readonly b: G2Point;
  readonly c: G1Point;
  readonly signals: readonly bigint[];
}

const WEIGHT_LENGTH = 16;
const WINDOW_BITS = 4;
const { Fp12 } = bn254.fields;

/** True only for a proof that holds for exactly these signals. */
export function verifyProof(key: VerificationKey, proof: Proof, signals: readonly bigint[]): boolean {
  const claim = readClaim(key, proof, signals);
  return claim !== undefined && holds(key, [claim], [1n]);
}

/**
 * True only if every proof holds, up to a chance of 2^-128 for each time it is asked: a random linear combination, with
 * one Miller loop a proof and three more. `randomBytes(n)` hands out n uniform bytes that nobody could know when the proofs were
 * made. False for an empty list: nothing was proven. Throws GROTH16_INVALID_INPUT for a source that hands out another length.
 */
export function verifyProofs(
  key: VerificationKey,
  proven: readonly ProvenSignals[],
  randomBytes: (length: number) => Uint8Array,
): boolean {
  const claims: Claim[] = [];
  for (const { proof, signals } of proven) {
    const claim = readClaim(key, proof, signals);
    if (claim === undefined) return false;
    claims.push(claim);
  }
  if (claims.length === 0) return false;
  return holds(
    key,
    claims,
    claims.map(() => weightFrom(randomBytes(WEIGHT_LENGTH))),
  );
}

function readClaim(key: VerificationKey, proof: unknown, signals: readonly bigint[]): Claim | undefined {
  if (signals.length !== key.signalCount || !signals.every(isSignal)) return undefined;
  if (typeof proof !== "object" || proof === null) return undefined;
  const members = proof as Readonly<Record<string, unknown>>;
  const [a, b, c] = [pairOf(members.a), pairOf(members.b), pairOf(members.c)];
  const points = { a: g1Point(...a), b: g2Point(...b), c: g1Point(...c) };
  if (points.a === undefined || points.b === undefined || points.c === undefined) return undefined;
  return { a: points.a, b: points.b, c: points.c, signals };
}

const isSignal = (value: unknown): boolean => typeof value === "bigint" && isElement(value);

/** The members of a list of two; for anything else two values that are no coordinates. */
function pairOf(value: unknown): [unknown, unknown] {
  return Array.isArray(value) && value.length === 2 ? [value[0], value[1]] : [undefined, undefined];
}

/** 1 .. 2^128, so that no proof drops out. */
function weightFrom(bytes: Uint8Array): bigint {
  if (bytes.length !== WEIGHT_LENGTH) {
    throw new CryptoError("GROTH16_INVALID_INPUT", "the source of randomness did not hand out 16 bytes");
  }
  return 1n + BigInt(`0x${Buffer.from(bytes).toString("hex")}`);
}

/** The product over i of (e(Ai, Bi) / (e(alpha, beta) · e(inputs i, gamma) · e(Ci, delta)))^weight i is one. */
function holds(key: VerificationKey, claims: readonly Claim[], weights: readonly bigint[]): boolean {
  const weighted = claims.map((claim, index) => ({ claim, weight: weights[index] ?? 0n }));
  const total = weights.reduce((sum, weight) => (sum + weight) % FIELD_MODULUS, 0n);
  const signals = Array.from({ length: key.signalCount }, (_, at) =>
    weighted.reduce(
      (sum, { claim, weight }) => (sum + weight * (claim.signals[at] ?? 0n)) % FIELD_MODULUS,
      0n,
    ),
  );
  const inputs = key.combineInputs([total, ...signals]);
  const answers = interleavedMSMUnsafe(
    bn254.G1.Point,
    claims.map(({ c }) => c),
    WINDOW_BITS,
  )([...weights]);
  return isProductOne([
    ...weighted.map(({ claim, weight }): [G1Point, PreparedG2] => [
      claim.a.multiplyUnsafe(weight),
      bn254.utils.calcPairingPrecomputes(claim.b),
    ]),
    [key.alpha.multiplyUnsafe(total).negate(), key.beta],
    [inputs.negate(), key.gamma],
    [answers.negate(), key.delta],
  ]);
}

/** A pair with the point at infinity contributes one. */
function isProductOne(pairs: readonly (readonly [G1Point, PreparedG2])[]): boolean {
  const loops = pairs
    .filter(([point]) => !point.is0())
    .map(([point, prepared]): [PreparedG2, bigint, bigint] => {
      const { x, y } = point.toAffine();
      return [prepared, x, y];
    });
  return Fp12.eql(Fp12.finalExponentiate(bn254.millerLoopBatch(loops)), Fp12.ONE);
}
