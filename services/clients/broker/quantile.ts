/**
 * Quantiles read off an answer that is grouped by bins: post-processing of noised counts, which costs no privacy.
 */
import { ABSENT, binIn, type Bin } from "../../../domain/statistics/derived-columns.ts";
import type { Answer } from "../../../schemas/avro/index.ts";

/** A bin and its noised count, none below 0; 0 where it is suppressed. */
interface CountedBin extends Bin {
  readonly count: number;
  readonly suppressed: boolean;
}

/** The groupings of an answer that are bins and have their counts told, by name. */
export function histogramsIn({ groups }: Answer): ReadonlyMap<string, readonly CountedBin[]> {
  const histograms = new Map<string, CountedBin[]>();
  const others = new Set<string>();
  for (const { grouping, category, suppressed, estimates } of groups) {
    const bin = binIn(category);
    const count = suppressed ? 0 : estimates.find(({ measure }) => measure === "count")?.value;
    if (bin === undefined || typeof count !== "number") {
      if (category !== ABSENT) others.add(grouping);
      continue;
    }
    const bins = histograms.get(grouping) ?? [];
    if (bins.length > 0 && bins.at(-1)?.upper !== bin.lower - 1) others.add(grouping);
    histograms.set(grouping, [...bins, { ...bin, suppressed, count: Math.max(count, 0) }]);
  }
  for (const name of others) histograms.delete(name);
  return histograms;
}

/**
 * The whole number below which a share of the people lies, 0 to 1: as if those of a bin were spread evenly over it.
 * Undefined where the bins are empty. It has no interval: the noise of every bin and the width of one are in it, and
 * suppressed bins count as empty.
 */
export function quantileOf(bins: readonly CountedBin[], share: number): number | undefined {
  const people = bins.reduce((sum, { count }) => sum + count, 0);
  if (people === 0) return undefined;
  let below = 0;
  for (const { lower, upper, count } of bins) {
    if (count > 0 && below + count >= share * people) {
      const within = (share * people - below) / count;
      return Math.min(upper, lower + Math.floor(within * (upper - lower + 1)));
    }
    below += count;
  }
  return bins.at(-1)?.upper;
}
