/**
 * Noise for one statistic of one group of one release: a discrete Laplace draw whose bits are a keyed function of what
 * it is for. Drawn again it is the same, so a replay tells nothing new; for anything else it is independent.
 *
 * Does not: hide the noise from the region, which holds the key.
 */
import type { Fraction } from "../../crypto/fraction/fraction.ts";
import { canonicalBytes } from "../../crypto/jws/canonical.ts";
import { bitSourceOver, sampleDiscreteLaplace } from "../../crypto/laplace/laplace.ts";
import type { Plan } from "../../schemas/avro/index.ts";

/** HMAC-SHA-256 of a message under the region's unextractable noise key: 32 secret bytes. */
export type NoiseSource = (message: Uint8Array) => Promise<Uint8Array>;

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

/** One draw at the scale. Throws LAPLACE_SOURCE_INVALID where the source's block has not 32 bytes. */
export function drawNoise(draw: Draw, scale: Fraction, source: NoiseSource): Promise<bigint> {
  let block = 0;
  return sampleDiscreteLaplace(
    scale,
    bitSourceOver(() => source(messageFor(draw, block++))),
  );
}

/** Canonical JSON of one array: lists and strings are delimited, so two draws never share a message. */
function messageFor({ digest, plan, grouping, category, statistic }: Draw, block: number): Uint8Array {
  const { collaboration, version, epoch, datasets } = plan;
  const heads = datasets.map(({ provider, dataset, sequence, head }) => [provider, dataset, sequence, head]);
  const about = [digest, collaboration, version, epoch, heads, grouping, category, statistic];
  return canonicalBytes(["pavilion/noise/v1", ...about, block]);
}
