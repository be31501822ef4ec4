/**
 * What the leaves of a log say together: seeds before the matches that name them, a match before the spend that pays for it,
 * and each population's spends, which are numbered without a gap, name the one before, and add up.
 *
 * Keeps what later leaves may refer to: seeds, matches that nobody has paid for yet, and each population's last spend.
 */
import { CryptoError } from "../../crypto/errors.ts";
import { addFractions, formatFraction, parseFraction } from "../../crypto/fraction/fraction.ts";
import type { Leaf } from "../../documents/leaves.ts";
import type { MatchLeaf } from "../../schemas/json/match-leaf.ts";
import type { SeedLeaf } from "../../schemas/json/seed-leaf.ts";
import type { SpendLeaf } from "../../schemas/json/spend-leaf.ts";
import type { Fail } from "./audit-faults.ts";

/** A population's spends so far. */
export interface Spent {
  readonly spends: number;
  /** The total after the last one, an exact fraction. */
  readonly epsilon: string;
}

export class Spends {
  readonly #populations = new Map<string, Spent & { readonly last: string | null }>();
  readonly #seeds = new Set<string>();
  /** The request of each match that is not paid for, by the match leaf's hash. */
  readonly #matches = new Map<string, string>();

  /** By population. */
  get populations(): ReadonlyMap<string, Spent> {
    return new Map(
      Array.from(this.#populations, ([population, { spends, epsilon }]) => [population, { spends, epsilon }]),
    );
  }

  /** The next leaf of the log, under its hash. */
  take(leaf: Leaf, hash: string, fail: Fail): void {
    if (leaf.type === "pavilion/seed-leaf") this.#seed(leaf, fail);
    else if (leaf.type === "pavilion/match-leaf") this.#match(leaf, hash, fail);
    else this.#spend(leaf, hash, fail);
  }

  #seed({ commitment }: SeedLeaf, fail: Fail): void {
    if (this.#seeds.has(commitment)) fail("seed", "commits to a seed that was committed to before");
    this.#seeds.add(commitment);
  }

  #match({ seed, request }: MatchLeaf, hash: string, fail: Fail): void {
    if (!this.#seeds.has(seed)) fail("match", "names a seed that was not committed to before it");
    this.#matches.set(hash, request);
  }

  #spend(leaf: SpendLeaf, hash: string, fail: Fail): void {
    const { population, sequence, previous, match, request } = leaf;
    const before = this.#populations.get(population) ?? { spends: 0, epsilon: "0", last: null };
    if (sequence !== before.spends + 1)
      fail("spend-order", `is number ${String(sequence)} after ${String(before.spends)}`);
    if (previous !== before.last) fail("spend-order", "does not name the one before it");
    if (!addsUp(before.epsilon, leaf)) fail("spend-total", "does not add up");
    const matched = this.#matches.get(match);
    if (matched === undefined)
      fail("spend-match", "pays for a match that was not logged before it, or again");
    else if (matched !== request) fail("spend-match", "pays for the match of another request");
    this.#matches.delete(match);
    // Goes on from what it says of itself: a leaf that is wrong is told once, not by all that follow it too.
    this.#populations.set(population, { spends: sequence, epsilon: leaf.total, last: hash });
  }
}

/** Whether a spend's total is that before it and its own epsilon, which is above zero, each in lowest terms. */
function addsUp(before: string, { epsilon, total }: SpendLeaf): boolean {
  try {
    const [charged, sum] = [parseFraction(epsilon), parseFraction(total)];
    if (charged.numerator <= 0n) return false;
    if (formatFraction(charged) !== epsilon || formatFraction(sum) !== total) return false;
    return formatFraction(addFractions(parseFraction(before), charged)) === total;
  } catch (error) {
    if (error instanceof CryptoError) return false;
    throw error;
  }
}
