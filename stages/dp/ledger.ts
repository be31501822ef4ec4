/**
 * The privacy ledger of a population at its home: what it has spent, ε and δ, in exact fractions, under the home's share of the
 * budget that the population's document gives.
 *
 * Promises: totals only grow and never round; a spend is granted only where the total and every window still hold with it, of ε
 * and of δ; a version of the document counts from its first spend on, and none that came before it is charged under any more; no
 * look-up walks the history. Does not: give back, or decide what is in a population.
 */
import { compareFractions, formatFraction, parseFraction } from "../../crypto/fraction/fraction.ts";
import { deltaOf } from "../../domain/statistics/mechanism.ts";
import { Table, type Change, type StateView } from "../../runtime/contract/state.ts";
import type { BudgetState, Plan, Spend } from "../../schemas/avro/index.ts";
import type { SpendLeaf } from "../../schemas/json/spend-leaf.ts";
import type { WithheldLeaf } from "../../schemas/json/withheld-leaf.ts";
import { hadPaid, openingOf, type CarriedAccount, type Opening } from "./earlier-ledger.ts";
import { chargesOf, charging, DAY_MS, isCharged, type Places } from "./charges.ts";
import {
  added,
  subtracted,
  windowSince,
  withCharge,
  type Amounts,
  type Charge,
  type Charges,
  type Window,
} from "./windows.ts";

/** What a population has spent. */
interface Account extends Amounts, Places {
  /** Number of its last spend. */
  readonly sequence: number;
  /** Hash of the leaf of its last spend. */
  readonly leaf: string | null;
  /** The version of the document that it was last charged under. */
  readonly version: number;
  readonly digest: string;
  /** The event's time of its last charge, in milliseconds: none counts as earlier. */
  readonly time: number;
  readonly windows: readonly Window[];
}

/** By population. */
const ACCOUNTS = new Table<Account>("accounts");

/** What a plan says of the population that pays. */
export type BudgetTerms = Pick<
  Plan,
  | "population"
  | "populationVersion"
  | "populationDigest"
  | "carried"
  | "budgetTotal"
  | "budgetDelta"
  | "budgetWindows"
>;

/** `previous` is the hash of the population's last leaf in the ledger; `changesWith` takes this one's own. */
export interface Charged {
  readonly spend: Spend;
  readonly previous: string | null;
  readonly carried: readonly CarriedAccount[];
  readonly changesWith: (leaf: string) => Change[];
  /** Where the budget stands after it. */
  readonly state: BudgetState;
}

export type Payment =
  | ({ readonly outcome: "granted" } & Charged)
  /** Nothing is changed; `asked` and `left` are what it would take, and what could still be spent now. */
  | { readonly outcome: "exhausted"; readonly asked: Amounts; readonly left: Amounts }
  /** The plan is under a document that another has followed, or that is not the one that was charged under. */
  | { readonly outcome: "stale" };

/** The ε and δ that a plan's release takes. */
export const priceOf = (plan: Plan): Amounts => ({
  epsilon: formatFraction(parseFraction(plan.epsilon)),
  delta: deltaOf(plan),
});

/** Pays the plan's ε and δ for a request, or says why not. `time` is the event's, in milliseconds. */
export function pay(plan: Plan, digest: string, state: StateView, time: number): Payment {
  const standing = accountOf(plan, state, time);
  if (isStale(plan, standing.account)) return { outcome: "stale" };
  const asked = priceOf(plan);
  const left = leftUnder(plan, standing.account);
  if (isBeyond(asked, left)) return { outcome: "exhausted", asked, left };
  return { outcome: "granted", ...charged(plan, standing, asked, left, digest) };
}

/**
 * Counts `most` as spent, or what is left of the total where that is less; undefined where nothing is. What was lost may have been
 * spent over many days, so no window sets a limit to it. `id` stands in a request's place.
 */
export function withhold(
  terms: BudgetTerms,
  most: Amounts,
  id: string,
  state: StateView,
  time: number,
): Charged | undefined {
  const standing = accountOf(terms, state, time);
  const rest = remainder({ epsilon: terms.budgetTotal, delta: terms.budgetDelta }, standing.account);
  const asked = {
    epsilon: leastOf([most.epsilon, rest.epsilon]),
    delta: leastOf([most.delta, rest.delta]),
  };
  if (asked.epsilon === "0" && asked.delta === "0") return undefined;
  return charged(terms, standing, asked, leftUnder(terms, standing.account), id);
}

/**
 * The changes of an entry that the log tells of and this ledger does not have; none where it has. Undefined where it does not follow the
 * last one that it has. It counts from now on in every window, since a leaf tells no time.
 */
export function takeOver(
  leaf: SpendLeaf | WithheldLeaf,
  hash: string,
  state: StateView,
  time: number,
): Change[] | undefined {
  const { population, sequence, previous, epsilon, delta, total, deltaTotal, carried } = leaf;
  const known = ACCOUNTS.get(state, population);
  if (sequence <= (known?.sequence ?? 0)) return [];
  // Windows are found again with the next question, by what each charge says was spent before it.
  const terms = { population, carried: carried.map((account) => account.population), budgetWindows: [] };
  const standing = accountOf(terms, state, time);
  const { account } = standing;
  const digest = "request" in leaf ? leaf.request : leaf.restore;
  const { entry, changes } = entered(population, standing, { epsilon, delta }, digest);
  const isNext = sequence === entry.sequence && previous === account.leaf;
  if (!isNext || entry.epsilon !== total || entry.delta !== deltaTotal) return undefined;
  // A document that is not the last one's is a later one, whose number the leaf does not tell.
  const version = leaf.document === account.digest ? account.version : account.version + 1;
  return [ACCOUNTS.put(population, { ...entry, version, digest: leaf.document, leaf: hash }), ...changes];
}

/** The account with one more charge, but for its leaf and the document that it was under; the changes beside the account's own. */
function entered(
  population: string,
  { account, opening, charges }: StandingAccount,
  amounts: Amounts,
  digest: string,
): { readonly entry: Omit<Account, "leaf" | "version" | "digest">; readonly changes: readonly Change[] } {
  const { total: before } = charges;
  const charge: Charge = { ...amounts, time: account.time, digest, before };
  const { places, changes } = charging(population, charges, charge, opening?.charges);
  return {
    entry: {
      ...{ sequence: account.sequence + 1, ...added(before, amounts), time: account.time, ...places },
      windows: account.windows.map((window) => withCharge(window, amounts)),
    },
    changes,
  };
}

function charged(
  plan: BudgetTerms,
  standing: StandingAccount,
  asked: Amounts,
  left: Amounts,
  digest: string,
): Charged {
  const { population } = plan;
  const { account, opening } = standing;
  const { entry, changes } = entered(population, standing, asked, digest);
  const paid = { ...entry, version: plan.populationVersion, digest: plan.populationDigest };
  const { sequence, time, epsilon, delta, windows } = paid;
  const rest = remainder(left, asked);
  const spend = {
    ...{ population, sequence, ...asked, total: epsilon, deltaTotal: delta },
    ...{ left: rest.epsilon, deltaLeft: rest.delta },
  };
  return {
    spend,
    previous: account.leaf,
    carried: opening?.carried ?? [],
    changesWith: (leaf) => [ACCOUNTS.put(population, { ...paid, leaf }), ...changes],
    state: {
      ...{ population, version: paid.version, digest: paid.digest, sequence, time, epsilon, delta },
      windows: windows.map((window) => ({ days: window.days, epsilon: window.epsilon, delta: window.delta })),
    },
  };
}

/** What a repeated answer costs: nothing. Where the population stands is told all the same. */
export function costless(plan: Plan, first: Spend, state: StateView, time: number): Spend {
  const { account } = accountOf(plan, state, time);
  const { epsilon: left, delta: deltaLeft } = leftUnder(plan, account);
  const { population } = plan;
  const stands = { total: account.epsilon, left, deltaTotal: account.delta, deltaLeft };
  return { population, sequence: first.sequence, epsilon: "0", delta: "0", ...stands };
}

/** Whether the request was ever charged, in any population; payments are known for as long as the longest window. */
export const hasPaid = (digest: string, state: StateView): boolean =>
  isCharged(digest, state) || hadPaid(digest, state);

interface StandingAccount {
  readonly account: Account;
  /** What it opens with, where it was never charged. */
  readonly opening: Opening | undefined;
  readonly charges: Charges;
}

/**
 * The account as of a time, its windows those of the plan; one that was never charged opens with what was spent before the
 * population was a document. A clock that steps back frees no budget: time stands still until it has caught up.
 */
function accountOf(
  { population, carried, budgetWindows }: Pick<BudgetTerms, "population" | "carried" | "budgetWindows">,
  state: StateView,
  time: number,
): StandingAccount {
  const known = ACCOUNTS.get(state, population);
  const opening = known === undefined ? openingOf(carried, state) : undefined;
  const account = opening === undefined ? known : opened(opening);
  if (account === undefined) throw new Error("an account is known, or opens");
  const charges = chargesOf(population, account, state, opening?.charges);
  const now = Math.max(time, account.time);
  const windows = budgetWindows.map(({ days }) => {
    const kept = account.windows.find((one) => one.days === days);
    return windowSince(days, now - days * DAY_MS, charges, kept);
  });
  return { account: { ...account, time: now, windows }, opening, charges };
}

const opened = ({ epsilon, delta, charges }: Opening): Account => ({
  ...{ sequence: 0, epsilon, delta, leaf: null, version: 0, digest: "" },
  ...{ time: charges.at(-1)?.time ?? 0, places: charges.length, oldest: 1, summed: 1, windows: [] },
});

const isStale = ({ populationVersion, populationDigest }: Plan, { version, digest }: Account): boolean =>
  populationVersion < Math.max(version, 1) || (populationVersion === version && populationDigest !== digest);

/** What may still be spent under the total and every window; zero where a limit was lowered below what is spent. */
function leftUnder({ budgetTotal, budgetDelta, budgetWindows }: BudgetTerms, account: Account): Amounts {
  const inTotal = remainder({ epsilon: budgetTotal, delta: budgetDelta }, account);
  const inWindows = account.windows.map((window) => {
    const limit = budgetWindows.find(({ days }) => days === window.days);
    return limit === undefined ? inTotal : remainder(limit, window);
  });
  const all = [inTotal, ...inWindows];
  return {
    epsilon: leastOf(all.map(({ epsilon }) => epsilon)),
    delta: leastOf(all.map(({ delta }) => delta)),
  };
}

const leastOf = (texts: readonly string[]): string =>
  texts.reduce((a, b) => (compareFractions(parseFraction(a), parseFraction(b)) <= 0 ? a : b));

/** Never less than nothing. */
function remainder(limit: Amounts, spent: Amounts): Amounts {
  const { epsilon, delta } = subtracted(limit, spent);
  const orNothing = (left: string): string => (left.startsWith("-") ? "0" : left);
  return { epsilon: orNothing(epsilon), delta: orNothing(delta) };
}

const isBeyond = (asked: Amounts, left: Amounts): boolean =>
  compareFractions(parseFraction(asked.epsilon), parseFraction(left.epsilon)) > 0 ||
  compareFractions(parseFraction(asked.delta), parseFraction(left.delta)) > 0;
