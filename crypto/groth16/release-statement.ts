/**
 * The statement of circuits/release in TypeScript: its public signals in the circuit's order, and the inputs of its prover.
 *
 * `releaseSignals` holds a statement to what the circuit leaves to the verifier and a number can show: every bound below 2^53,
 * every coordinate canonical, no statistic named twice, slots that are not used filled in one way only. That the bases are
 * the generators of the plan's statistics, and that the point lies in the subgroup of prime order, is for the caller.
 *
 * Codes: GROTH16_INVALID_INPUT.
 */
import { CryptoError } from "../errors.ts";
import { FIELD_MODULUS, isElement } from "./field.ts";

/** Slots of the circuit. The first holds values below 2^32, a count; the others values below 2^53. */
const RELEASE_SLOTS = 3;
/** The number that stands for the statistic of a slot that is not used. */
export const UNUSED_STATISTIC = 65_535;
/** Bounds lie below this. */
export const BOUND_LIMIT = 1n << 53n;
/** |released| is below this: an exact value below 2^53 and noise below it. */
const RELEASED_LIMIT = 1n << 54n;
const INDEX_LIMIT = 0xffff_ffff;
const DIGEST_LENGTH = 32;

/** Affine coordinates on Baby Jubjub. */
interface AffinePoint {
  readonly x: bigint;
  readonly y: bigint;
}

/** What is public about one part of one group's release. Lists have one entry for each slot in use, one to three. */
export interface ReleaseStatement {
  /** 32 bytes that the proof is bound to. */
  readonly digest: Uint8Array;
  readonly seedCommitment: bigint;
  /** 0 .. 2^32 − 1. */
  readonly group: number;
  /** 0 .. 2^32 − 1. */
  readonly part: number;
  /** The place of each statistic in the plan, 0 .. 65534. */
  readonly statistics: readonly number[];
  /** The commitment that is opened. */
  readonly point: AffinePoint;
  /** The generator of each statistic. */
  readonly bases: readonly AffinePoint[];
  /** What is published; it may be negative. */
  readonly released: readonly bigint[];
  /** The most that released and exact differ by, 0 .. 2^53 − 1. */
  readonly bounds: readonly bigint[];
}

/** What the prover alone knows. */
export interface ReleaseOpening {
  /** The exact value of each statistic in use. */
  readonly exact: readonly bigint[];
  /** 0 .. ORDER − 1 of the curve's subgroup. */
  readonly blinding: bigint;
  readonly seed: bigint;
}

/** The circuit's public inputs in their order, with the number of signals that each has. */
const PUBLIC_INPUTS = [
  ["digest", 2],
  ["seedCommitment", 1],
  ["group", 1],
  ["part", 1],
  ["statistic", RELEASE_SLOTS],
  ["pointX", 1],
  ["pointY", 1],
  ["baseX", RELEASE_SLOTS],
  ["baseY", RELEASE_SLOTS],
  ["released", RELEASE_SLOTS],
  ["bound", RELEASE_SLOTS],
] as const;

const IDENTITY: AffinePoint = { x: 0n, y: 1n };

/** The 22 public signals, in the circuit's order. Throws GROTH16_INVALID_INPUT for a statement that no verifier may accept. */
export function releaseSignals(statement: ReleaseStatement): bigint[] {
  requireSound(statement);
  const bases = padded(statement.bases, IDENTITY);
  return [
    ...digestLimbs(statement.digest),
    statement.seedCommitment,
    BigInt(statement.group),
    BigInt(statement.part),
    ...padded(statement.statistics.map(BigInt), BigInt(UNUSED_STATISTIC)),
    statement.point.x,
    statement.point.y,
    ...bases.map(({ x }) => x),
    ...bases.map(({ y }) => y),
    ...padded(statement.released.map(signedElement), 0n),
    ...padded(statement.bounds, 0n),
  ];
}

/**
 * The circuit's inputs by name, decimal, as witness generators take them. Throws GROTH16_INVALID_INPUT. An opening that
 * does not fit the statement passes here, and no proof can be made of it.
 */
export function releaseInputs(
  statement: ReleaseStatement,
  opening: ReleaseOpening,
): Record<string, string | string[]> {
  const signals = releaseSignals(statement).map(String);
  if (opening.exact.length !== statement.statistics.length) {
    refuse("the opening has not one value for each statistic");
  }
  if (![...opening.exact, opening.blinding, opening.seed].every(isElement)) {
    refuse("the opening holds what is no element of the field");
  }
  const inputs: Record<string, string | string[]> = {
    exact: padded(opening.exact, 0n).map(String),
    blinding: String(opening.blinding),
    seed: String(opening.seed),
  };
  let at = 0;
  for (const [name, size] of PUBLIC_INPUTS) {
    const values = signals.slice(at, at + size);
    inputs[name] = size === 1 ? values.join("") : values;
    at += size;
  }
  return inputs;
}

function requireSound({ digest, statistics, bases, released, bounds, ...rest }: ReleaseStatement): void {
  if (digest.length !== DIGEST_LENGTH) refuse("a digest has 32 bytes");
  const used = statistics.length;
  if (used < 1 || used > RELEASE_SLOTS || [bases, released, bounds].some(({ length }) => length !== used)) {
    refuse("a part has one to three statistics, each with a base, a released value and a bound");
  }
  if (![rest.group, rest.part].every((index) => isWithin(index, INDEX_LIMIT))) {
    refuse("group and part are whole numbers below 2^32");
  }
  if (
    !statistics.every((place) => isWithin(place, UNUSED_STATISTIC - 1)) ||
    new Set(statistics).size !== used
  ) {
    refuse("statistics are named by their places in the plan, each once");
  }
  const coordinates = [rest.point, ...bases].flatMap(({ x, y }) => [x, y]);
  if (![rest.seedCommitment, ...coordinates].every(isElement)) {
    refuse("a commitment or a coordinate is no element of the field");
  }
  if (!bounds.every((bound) => bound >= 0n && bound < BOUND_LIMIT)) refuse("a bound lies in 0 .. 2^53 − 1");
  if (!released.every((value) => value > -RELEASED_LIMIT && value < RELEASED_LIMIT)) {
    refuse("a released value is out of range");
  }
}

function refuse(message: string): never {
  throw new CryptoError("GROTH16_INVALID_INPUT", message);
}

const isWithin = (value: number, largest: number): boolean =>
  Number.isInteger(value) && value >= 0 && value <= largest;

/** Two limbs of 128 bits, the high one first. */
function digestLimbs(digest: Uint8Array): [bigint, bigint] {
  const hex = Buffer.from(digest).toString("hex");
  return [BigInt(`0x${hex.slice(0, 32)}`), BigInt(`0x${hex.slice(32)}`)];
}

/** A negative number x is the element p − |x|. */
const signedElement = (value: bigint): bigint => (value < 0n ? FIELD_MODULUS + value : value);

function padded<T>(values: readonly T[], filler: T): T[] {
  return Array.from({ length: RELEASE_SLOTS }, (_, slot) => values[slot] ?? filler);
}
