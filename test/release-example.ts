/** Releases as plain values for tests, committed with @noble/curves alone. */
import { createHash } from "node:crypto";
import { babyjubjub } from "@noble/curves/misc.js";
import { blindingGenerator, generator } from "../crypto/commitment/generators.ts";
import type { ReleaseOpening, ReleaseStatement } from "../crypto/groth16/release-statement.ts";
import { seedCommitmentOf } from "../crypto/groth16/seed.ts";

type Point = InstanceType<typeof babyjubjub.Point>;

export interface ReleaseExample {
  readonly statement: ReleaseStatement;
  readonly opening: ReleaseOpening;
}

interface ReleaseChoices {
  readonly exact: readonly bigint[];
  readonly noise: readonly bigint[];
  readonly bounds: readonly bigint[];
  readonly blinding: bigint;
  readonly seed: bigint;
  /** Those of coordinates 0, 1 … of slot 0 where nothing else is said. */
  readonly bases: readonly { readonly x: bigint; readonly y: bigint }[];
  readonly digest: Uint8Array;
  readonly group: number;
  readonly part: number;
}

/** Release the exact values with the noise, the bounds twice the noise's size where nothing else is said. */
export function releaseExample(choices: Partial<ReleaseChoices> = {}): ReleaseExample {
  const exact = choices.exact ?? [4_473n, 123_456_789n, 98n];
  const noise = choices.noise ?? exact.map((_, slot) => [-7n, 1_234n, -100n][slot] ?? 0n);
  const bounds = choices.bounds ?? noise.map((value) => 2n * (value < 0n ? -value : value));
  const blinding = choices.blinding ?? babyjubjub.Point.Fn.ORDER - 3n;
  const seed = choices.seed ?? 424_242n;
  const bases = choices.bases ?? exact.map((_, coordinate) => generator(0, coordinate).toAffine());
  const statement: ReleaseStatement = {
    digest: choices.digest ?? createHash("sha256").update("an example").digest(),
    seedCommitment: seedCommitmentOf(seed),
    group: choices.group ?? 3,
    part: choices.part ?? 1,
    statistics: exact.map((_, slot) => 2 * slot),
    point: commitmentTo(exact, bases, blinding),
    bases,
    released: exact.map((value, slot) => value + (noise[slot] ?? 0n)),
    bounds,
  };
  return { statement, opening: { exact, blinding, seed } };
}

function commitmentTo(
  exact: readonly bigint[],
  bases: ReleaseChoices["bases"],
  blinding: bigint,
): { x: bigint; y: bigint } {
  const points = bases.map(({ x, y }) => babyjubjub.Point.fromAffine({ x, y }));
  const times = (point: Point, scalar: bigint): Point =>
    point.multiplyUnsafe(babyjubjub.Point.Fn.create(scalar));
  return points
    .reduce<Point>(
      (sum, point, slot) => sum.add(times(point, exact[slot] ?? 0n)),
      times(blindingGenerator(), blinding),
    )
    .toAffine();
}
