/**
 * The verification key of a Groth16 circuit over BN254, out of the JSON that snarkjs exports.
 *
 * Codes: GROTH16_INVALID_KEY.
 */
import { interleavedMSMUnsafe } from "@noble/curves/abstract/curve.js";
import { bn254 } from "@noble/curves/bn254.js";
import { CryptoError } from "../errors.ts";
import { type G1Point, type G2Point, g1Point, g2Point } from "./points.ts";

/** A point of G2 made ready for Miller loops. */
export type PreparedG2 = ReturnType<typeof bn254.utils.calcPairingPrecomputes>;

/** Made by `readVerificationKey` alone, which checks every point. */
export interface VerificationKey {
  /** How many public signals a proof has. */
  readonly signalCount: number;
  readonly alpha: G1Point;
  readonly beta: PreparedG2;
  readonly gamma: PreparedG2;
  readonly delta: PreparedG2;
  /** scalars[0]·IC0 + scalars[1]·IC1 + …, the scalars below the field's modulus. Not in constant time. */
  readonly combineInputs: (scalars: bigint[]) => G1Point;
}

/** Of the tables of odd multiples; wider ones take longer to make than they save within some ten proofs. */
const WINDOW_BITS = 4;

/** Members that snarkjs adds (`vk_alphabeta_12`) follow from the others and are ignored. Throws GROTH16_INVALID_KEY. */
export function readVerificationKey(json: unknown): VerificationKey {
  const key = membersOf(json);
  if (key.protocol !== "groth16" || key.curve !== "bn128") {
    refuse("not a Groth16 verification key over BN254");
  }
  const inputs = listOf(key.IC).map(projectiveG1);
  if (inputs.length < 1 || key.nPublic !== inputs.length - 1) {
    refuse("the number of points does not fit the number of public signals");
  }
  const prepared = (name: `vk_${"beta" | "gamma" | "delta"}_2`): PreparedG2 =>
    bn254.utils.calcPairingPrecomputes(projectiveG2(key[name]));
  return {
    signalCount: inputs.length - 1,
    alpha: projectiveG1(key.vk_alpha_1),
    beta: prepared("vk_beta_2"),
    gamma: prepared("vk_gamma_2"),
    delta: prepared("vk_delta_2"),
    combineInputs: interleavedMSMUnsafe(bn254.G1.Point, inputs, WINDOW_BITS),
  };
}

function membersOf(json: unknown): Readonly<Record<string, unknown>> {
  if (typeof json !== "object" || json === null) refuse("not a JSON object");
  return json as Readonly<Record<string, unknown>>;
}

function listOf(value: unknown): readonly unknown[] {
  if (!Array.isArray(value)) refuse("a list is missing");
  return value as readonly unknown[];
}

/** [x, y, "1"]: projective, the last coordinate always one. */
function projectiveG1(value: unknown): G1Point {
  const [x, y, z, ...more] = listOf(value);
  const point = z === "1" && more.length === 0 ? g1Point(x, y) : undefined;
  return point ?? refuse("a point of the first group is malformed");
}

/** [[x0, x1], [y0, y1], ["1", "0"]]. */
function projectiveG2(value: unknown): G2Point {
  const [x, y, z, ...more] = listOf(value);
  const [one, zero, ...rest] = listOf(z);
  const isAffine = one === "1" && zero === "0" && more.length === 0 && rest.length === 0;
  const point = isAffine ? g2Point(x, y) : undefined;
  return point ?? refuse("a point of the second group is malformed");
}

function refuse(message: string): never {
  throw new CryptoError("GROTH16_INVALID_KEY", message);
}
