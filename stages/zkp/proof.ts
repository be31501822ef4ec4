/**
 * The proofs of one group of a release. Each part opens the group's commitment, less what was not asked for, to the
 * exact statistics, and shows that what was released differs from them by no more than the width of the noise.
 *
 * Promises: a proof names the match leaf, the seed's commitment, the group and its statistics; of the coordinates not
 * asked for it shows only that the remainder is over exactly those. Does not: show that the noise was drawn as stated.
 */
import { createHmac } from "node:crypto";
import {
  commitSums,
  decodeCurvePoint,
  decodeScalar,
  encodePoint,
  ORDER,
  scalarFrom,
  type Point,
  type Representation,
  type Represented,
} from "../../crypto/commitment/commitment.ts";
import type { Proof } from "../../crypto/groth16/verify.ts";
import type { ReleaseOpening, ReleaseStatement } from "../../crypto/groth16/release-statement.ts";
import { bySlot, layoutOf, positionOf, type Coordinate } from "../../domain/statistics/coordinates.ts";
import { widthsOf } from "../../domain/statistics/mechanism.ts";
import {
  basesOf,
  groupNumber,
  openingOf,
  partsOf,
  remainderContext,
  type Part,
} from "../../domain/statistics/opening.ts";
import type { Cell, Plan, ReleasedCell } from "../../schemas/avro/index.ts";
import type { PartProof } from "../../schemas/json/evidence-bundle.ts";

/** Proves a statement of circuits/release. PROOF_FAILED where the opening does not fit it. */
export type Prove = (input: {
  readonly statement: ReleaseStatement;
  readonly opening: ReleaseOpening;
}) => Promise<Proof>;

/** `represent` of crypto/commitment, wherever it is done. PROOF_FAILED for what cannot be represented. */
export type Represent = (input: Representation) => Promise<Represented>;

/** What all groups of a release share. */
export interface Release {
  readonly plan: Plan;
  /** 64 hex digits. */
  readonly matchLeaf: string;
  /** Element of the proof's field; secret. */
  readonly seed: bigint;
  /** Secret key of the request, from which remainders are blinded. */
  readonly key: Uint8Array;
  readonly prove: Prove;
  readonly represent: Represent;
}

/** One proof a part. `exact` and `released` are of the same group, which is not suppressed. */
export async function proveGroup(
  exact: Cell,
  released: ReleasedCell,
  release: Release,
): Promise<PartProof[]> {
  const layout = layoutOf(release.plan);
  const commitment = commitSums(bySlot(exact.sums, layout), decodeScalar(exact.blinding));
  const proofs: PartProof[] = [];
  for (const part of partsOf(release.plan)) {
    proofs.push(await provePart(part, commitment, exact, released, release));
  }
  return proofs;
}

async function provePart(
  part: Part,
  commitment: Point,
  { grouping, category, sums, blinding }: Cell,
  released: ReleasedCell,
  { plan, matchLeaf, seed, key, prove, represent }: Release,
): Promise<PartProof> {
  const asked = plan.groupings[grouping];
  if (asked === undefined) throw new Error("a cell is of no grouping of its plan");
  const opening = openingOf(plan, asked, category, part);
  const layout = layoutOf(plan);
  const sumAt = (coordinate: Coordinate): number => sums[positionOf(coordinate, layout)] ?? Number.NaN;
  const secret = (label: string): Uint8Array =>
    createHmac("sha512", key)
      .update(`${String(groupNumber(grouping, category))}/${String(part.part)}/${label}`)
      .digest();

  const rho = scalarFrom(secret("remainder"));
  const scalars = [...opening.peeled.map((coordinate) => BigInt(sumAt(coordinate))), rho];
  const remainder = await represent({
    coordinates: opening.peeled,
    scalars,
    context: remainderContext(matchLeaf, grouping, category, part, hexOf(encodePoint(commitment))),
    nonces: scalars.map((_, index) => secret(`nonce ${String(index)}`)),
  });

  const widths = widthsOf(plan);
  const statement: ReleaseStatement = {
    digest: Buffer.from(matchLeaf, "hex"),
    seedCommitment: BigInt(`0x${plan.seed.commitment}`),
    group: groupNumber(grouping, category),
    part: part.part,
    statistics: part.statistics,
    point: commitment.subtract(decodeCurvePoint(remainder.point)).toAffine(),
    bases: basesOf(opening).map((base) => base.toAffine()),
    released: part.statistics.map((index) => BigInt(released.values[index] ?? missing())),
    bounds: part.statistics.map((index) => widths[index] ?? missing()),
  };
  const { a, b, c } = await prove({
    statement,
    opening: {
      exact: opening.opened.map(([first]) => BigInt(first === undefined ? missing() : sumAt(first))),
      blinding: (decodeScalar(blinding) + ORDER - rho) % ORDER,
      seed,
    },
  });
  const { challenge, responses } = remainder.proof;
  return {
    part: part.part,
    remainder: hexOf(remainder.point),
    representation: { challenge, responses: [...responses] },
    proof: { a: [...a], b: b.map((row) => [...row]), c: [...c] },
  };
}

const hexOf = (bytes: Uint8Array): string => Buffer.from(bytes).toString("hex");

function missing(): never {
  throw new Error("a release lacks a statistic of its plan");
}
