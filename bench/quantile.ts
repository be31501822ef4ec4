/**
 * Quantiles of samples that were all kept: the nearest-rank definition, so each is a sample and none is interpolated.
 */

/** The smallest sample that at least the share `q` (above 0, at most 1) of all does not exceed. Throws for no samples. */
export function quantile(samples: readonly number[], q: number): number {
  const sorted = samples.toSorted((one, other) => one - other);
  const value = sorted[Math.ceil(q * sorted.length) - 1];
  if (value === undefined) throw new RangeError("a quantile needs samples, and a share of them");
  return value;
}
