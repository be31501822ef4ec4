/**
 * Noise for one statistic of one group of one release: a discrete Laplace draw whose bits are a keyed function of what
 * it is for. Drawn again it is the same, so a replay tells nothing new; for anything else it is independent.
 *
 * Does not: hide the noise from the region, which holds the seeds.
 */
import { createHmac, createSecretKey } from "node:crypto";
import type { Fraction } from "../../crypto/fraction/fraction.ts";
import { canonicalBytes } from "../../crypto/jws/canonical.ts";
import { bitSourceOver, sampleDiscreteLaplace } from "../../crypto/laplace/laplace.ts";
import type { Plan } from "../../schemas/avro/index.ts";

/** HMAC-SHA-256 of a message under the request's seed: 32 secret bytes. */
export type NoiseSource = (message: Uint8Array) => Promise<Uint8Array>;

/** The source of a seed, given as its 32 bytes; see crypto/groth16/seed.ts for what its commitment is to. */
export function noiseFrom(seed: Uint8Array): NoiseSource {
  const key = createSecretKey(seed);
  return (message) => Promise.resolve(createHmac("sha256", key).update(message).digest());
}

/** What a draw is for. */
export interface Draw {
  /** The request's. */
  readonly digest: string;
  /** The collaboration's version and the pinned heads count, so that other data never meets the same noise. */
  readonly plan: Plan;
  /** Index of the grouping, and of the category within it. */
  readonly grouping: number;
  readonly category: number;
  /** Name of the statistic, unique in the plan. */
  readonly statistic: string;
}

/**
 * One draw at the scale, within the width: one beyond it, whose chance is 2^-100, is drawn again from the bits that
 * follow. Throws LAPLACE_SOURCE_INVALID where the source's block has not 32 bytes.
 */
export async function drawNoise(
  draw: Draw,
  scale: Fraction,
  width: bigint,
  source: NoiseSource,
): Promise<bigint> {
  let block = 0;
  const bits = bitSourceOver(() => source(messageFor(draw, block++)));
  for (;;) {
    const noise = await sampleDiscreteLaplace(scale, bits);
    if (-width <= noise && noise <= width) return noise;
  }
}

/** Canonical JSON of one array: lists and strings are delimited, so two draws never share a message. */
function messageFor({ digest, plan, grouping, category, statistic }: Draw, block: number): Uint8Array {
  const { collaboration, version, epoch, datasets } = plan;
  const heads = datasets.map(({ provider, dataset, sequence, head }) => [provider, dataset, sequence, head]);
  const about = [digest, collaboration, version, epoch, heads, grouping, category, statistic];
  return canonicalBytes(["pavilion/noise/v1", ...about, block]);
}
