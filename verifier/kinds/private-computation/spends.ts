/**
 * What the leaves of a log say together: seeds before the matches that name them, a match before the spend that pays for it,
 * and each population's spends, which are numbered without a gap, name the one before, add up, and stay within the home's share of
 * the budget that the named version of the population's document gives. What a region that was put back from a backup
 * withholds counts as one of them, for a restoring that the log tells of. A population's first spend takes over what the accounts
 * of the format before stood at.
 *
 * Keeps what later leaves may refer to: seeds, matches that nobody has paid for yet, and each population's last spend.
 * Does not: hold spends to the windows of a budget, since leaves tell no time.
 */
import { CryptoError } from "../../../crypto/errors.ts";
import {
  addFractions,
  compareFractions,
  formatFraction,
  parseFraction,
} from "../../../crypto/fraction/fraction.ts";
import { digestOf } from "../../../crypto/jws/canonical.ts";
import { homeIn } from "../../../domain/terms/population.ts";
import type { EarlierSpendLeaf } from "../../../schemas/json/earlier-spend-leaf.ts";
import type { Population, Share } from "../../../schemas/json/population.ts";
import type { SpendLeaf } from "../../../schemas/json/spend-leaf.ts";
import type { Trust } from "../../../schemas/json/trust.ts";
import type { WithheldLeaf } from "../../../schemas/json/withheld-leaf.ts";
import type { Fail as FailOf } from "../../audit-faults.ts";
import type { FaultName } from "./faults.ts";
import type { LoggedLeaf } from "./logged-leaf.ts";

type Fail = FailOf<FaultName>;

/** A population's spends so far. */
export interface Spent {
  readonly spends: number;
  /** The totals after the last one, exact fractions. */
  readonly epsilon: string;
  readonly delta: string;
}

type Account = Spent & { readonly last: string | null };

const nothing: Account = { spends: 0, epsilon: "0", delta: "0", last: null };

export class Spends {
  readonly #populations = new Map<string, Account>();
  /** Accounts of the format before populations were documents. */
  readonly #earlier = new Map<string, Account>();
  readonly #trusted: ReadonlyMap<string, ReadonlySet<string>>;
  /** Shares of this home, by the digest of the document. */
  readonly #shares = new Map<string, Share>();
  readonly #seeds = new Set<string>();
  /** The request of each match that is not paid for, by the match leaf's hash. */
  readonly #matches = new Map<string, string>();
  readonly #restores = new Set<string>();
  #uncompared = 0;

  /** By the versions that the trust file names. */
  constructor(trusted: Trust["populations"]) {
    this.#trusted = new Map(trusted.map(({ id, digests }) => [id, new Set(digests)]));
  }

  /** Spends under a version whose document is not known here. */
  get uncompared(): number {
    return this.#uncompared;
  }

  /** How often the region was put back from a backup. */
  get restores(): number {
    return this.#restores.size;
  }

  /** By population; those of the format before under their names of then, unless a population has taken the name. */
  get populations(): ReadonlyMap<string, Spent> {
    const told = [...this.#earlier, ...this.#populations];
    return new Map(
      told.map(([population, { spends, epsilon, delta }]) => [population, { spends, epsilon, delta }]),
    );
  }

  /** Takes a version of a document, if the trust file names it. */
  know(document: Population, home: string): void {
    const digest = digestOf(document);
    const share = homeIn(document, home)?.share;
    if (share !== undefined && this.#trusted.get(document.id)?.has(digest) === true)
      this.#shares.set(digest, share);
  }

  /** The next leaf of the log, under its hash. */
  take(leaf: LoggedLeaf, hash: string, fail: Fail): void {
    if (leaf.type === "pavilion/seed-leaf") this.#seed(leaf, fail);
    else if (leaf.type === "pavilion/match-leaf") this.#match(leaf, hash, fail);
    else if (leaf.type === "pavilion/restore-leaf") this.#restore(leaf, fail);
    else if (leaf.type === "pavilion/withheld-leaf") this.#withheld(leaf, hash, fail);
    else this.#spend(leaf, hash, fail);
  }

  #restore({ restore }: { readonly restore: string }, fail: Fail): void {
    if (this.#restores.has(restore)) fail("restore", "tells of a restoring that was told of before");
    this.#restores.add(restore);
  }

  #withheld(leaf: WithheldLeaf, hash: string, fail: Fail): void {
    if (!this.#restores.has(leaf.restore))
      fail("restore", "withholds for a restoring that the log does not tell of before it");
    this.#charge(leaf, hash, fail);
  }

  #seed({ commitment }: { readonly commitment: string }, fail: Fail): void {
    if (this.#seeds.has(commitment)) fail("seed", "commits to a seed that was committed to before");
    this.#seeds.add(commitment);
  }

  #match(
    { seed, request }: { readonly seed: string; readonly request: string },
    hash: string,
    fail: Fail,
  ): void {
    if (!this.#seeds.has(seed)) fail("match", "names a seed that was not committed to before it");
    this.#matches.set(hash, request);
  }

  #spend(leaf: SpendLeaf | EarlierSpendLeaf, hash: string, fail: Fail): void {
    this.#paysFor(leaf, fail);
    this.#charge(leaf, hash, fail);
  }

  #charge(leaf: SpendLeaf | WithheldLeaf | EarlierSpendLeaf, hash: string, fail: Fail): void {
    const accounts = "home" in leaf ? this.#populations : this.#earlier;
    const { population, sequence, previous } = leaf;
    const before = accounts.get(population) ?? nothing;
    if (sequence !== before.spends + 1)
      fail("spend-order", `is number ${String(sequence)} after ${String(before.spends)}`);
    if (previous !== before.last) fail("spend-order", "does not name the one before it");
    const carried = "home" in leaf ? leaf.carried : [];
    const epsilons = [before.epsilon, ...carried.map(({ epsilon }) => epsilon)];
    if (!addsUp(epsilons, leaf.epsilon, leaf.total, leastOf(leaf))) fail("spend-total", "does not add up");
    if ("home" in leaf) this.#withinTerms(leaf, before, fail);
    const delta = "home" in leaf ? leaf.deltaTotal : "0";
    // Goes on from what it says of itself: a leaf that is wrong is told once, not by all that follow it too.
    accounts.set(population, { spends: sequence, epsilon: leaf.total, delta, last: hash });
  }

  #paysFor({ match, request }: { readonly match: string; readonly request: string }, fail: Fail): void {
    const matched = this.#matches.get(match);
    if (matched === undefined)
      fail("spend-match", "pays for a match that was not logged before it, or that was paid for already");
    else if (matched !== request) fail("spend-match", "pays for the match of another request");
    this.#matches.delete(match);
  }

  #withinTerms(leaf: SpendLeaf | WithheldLeaf, before: Account, fail: Fail): void {
    const { population, document, sequence, carried } = leaf;
    const deltas = [before.delta, ...carried.map(({ delta }) => delta)];
    if (!addsUp(deltas, leaf.delta, leaf.deltaTotal, leastOf(leaf)))
      fail("spend-total", "does not add up in delta");
    if (sequence !== 1 && carried.length > 0)
      fail("spend-carried", "takes over accounts though it is not the first");
    for (const account of carried) {
      const stood = this.#earlier.get(account.population) ?? nothing;
      const isSame =
        stood.spends === account.sequence && stood.epsilon === account.epsilon && stood.last === account.leaf;
      if (!isSame) fail("spend-carried", "takes over an account that differs from the log");
    }
    if (this.#trusted.get(population)?.has(document) !== true) {
      fail("spend-terms", "names a version of the population's document that the trust file does not");
      return;
    }
    const share = this.#shares.get(document);
    if (share === undefined) this.#uncompared++;
    else if (isAbove(leaf.total, share.epsilon) || isAbove(leaf.deltaTotal, share.delta))
      fail("spend-budget", "takes its population beyond its home's share of the budget");
  }
}

/** The least numerator of its ε and δ: what is withheld may be nothing of one of them. */
const leastOf = ({ type }: SpendLeaf | WithheldLeaf | EarlierSpendLeaf): bigint =>
  type === "pavilion/withheld-leaf" ? 0n : 1n;

/** Whether a total is the sum of those before it and what was charged, each in lowest terms; `least` is the charge's numerator's. */
function addsUp(before: readonly string[], charge: string, total: string, least: bigint): boolean {
  try {
    const [charged, sum] = [parseFraction(charge), parseFraction(total)];
    if (charged.numerator < least) return false;
    if (formatFraction(charged) !== charge || formatFraction(sum) !== total) return false;
    return formatFraction(before.map(parseFraction).reduce(addFractions, charged)) === total;
  } catch (error) {
    if (error instanceof CryptoError) return false;
    throw error;
  }
}

/** What is no fraction does not add up, which is told by itself. */
function isAbove(total: string, most: string): boolean {
  try {
    return compareFractions(parseFraction(total), parseFraction(most)) > 0;
  } catch (error) {
    if (error instanceof CryptoError) return false;
    throw error;
  }
}
