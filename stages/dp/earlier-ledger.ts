/**
 * The ledger as it was before populations were documents: accounts under the names that collaborations gave, ε alone, one
 * entry a spend. Nothing is written to it any more; a population takes over, at its first charge, what was spent over its datasets.
 */
import {
  addFractions,
  formatFraction,
  fraction,
  multiplyFractions,
  parseFraction,
} from "../../crypto/fraction/fraction.ts";
import { DELTA_MAX, greatestDelta } from "../../domain/statistics/mechanism.ts";
import { rankOfText, Table, type StateView } from "../../runtime/contract/state.ts";
import type { SpendLeaf } from "../../schemas/json/spend-leaf.ts";
import { added, subtracted, type Amounts, type Charge } from "./windows.ts";

interface EarlierAccount {
  readonly sequence: number;
  readonly total: string;
  readonly leaf: string | null;
}

type EarlierEntry = Pick<Charge, "epsilon" | "time" | "digest">;

const LEDGER = new Table<EarlierAccount>("ledger");
/** By `<population>/<sequence>`, ranked by the request, so that one is found by it. */
export const SPENDS = new Table<EarlierEntry>("spends", ({ digest }) => rankOfText(digest));

/** So many requests may share a rank. */
const SHARED_MAX = 100;

export type CarriedAccount = SpendLeaf["carried"][number];

/** What a population opens with. */
export interface Opening extends Amounts {
  /** In the order of their times. */
  readonly charges: readonly Charge[];
  readonly carried: readonly CarriedAccount[];
}

/** The sum of those accounts that there are. A δ was not kept then: the greatest that the ε allows counts. */
export function openingOf(names: readonly string[], state: StateView): Opening {
  const charges: Charge[] = [];
  const carried: CarriedAccount[] = [];
  for (const population of names) {
    const account = LEDGER.get(state, population);
    if (account === undefined) continue;
    const own = spendsOf(population, account, state).map(chargeOf);
    const { sequence, total: epsilon, leaf } = account;
    // Entries beyond the longest window are gone.
    const gone = multiplyFractions(fraction(BigInt(sequence - own.length)), DELTA_MAX);
    const delta = own.map((charge) => parseFraction(charge.delta)).reduce(addFractions, gone);
    charges.push(...own);
    carried.push({ population, sequence, epsilon, delta: formatFraction(delta), leaf });
  }
  charges.sort((one, other) => one.time - other.time);
  const total = { epsilon: sumOf(carried, "epsilon"), delta: sumOf(carried, "delta") };
  return { ...total, charges: withBefore(charges, total), carried };
}

/** With what was spent before each of them, of a total that counts those that are gone as well. */
function withBefore(charges: readonly Charge[], total: Amounts): Charge[] {
  let before = charges.reduce(subtracted, total);
  return charges.map((charge) => {
    const one = { ...charge, before };
    before = added(before, charge);
    return one;
  });
}

/** Those that are kept: the newest, without a gap. */
function spendsOf(population: string, { sequence }: EarlierAccount, state: StateView): EarlierEntry[] {
  const spends: EarlierEntry[] = [];
  for (let number = sequence; number > 0; number--) {
    const spend = SPENDS.get(state, `${population}/${String(number)}`);
    if (spend === undefined) break;
    spends.unshift(spend);
  }
  return spends;
}

const chargeOf = (entry: EarlierEntry): Charge => ({ ...entry, delta: greatestDelta(entry.epsilon) });

const sumOf = (accounts: readonly CarriedAccount[], part: "epsilon" | "delta"): string =>
  formatFraction(accounts.map((account) => parseFraction(account[part])).reduce(addFractions, fraction(0n)));

/** Whether the request was charged then. */
export function hadPaid(digest: string, state: StateView): boolean {
  const from = rankOfText(digest);
  const alike = SPENDS.ranked(state, { from, below: from + 1, limit: SHARED_MAX });
  return alike.some(({ value }) => value.digest === digest);
}
