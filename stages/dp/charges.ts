/**
 * The charges of a population, by their places: kept as long as the longest window is, and so is who has paid. What is too old
 * goes, and what an earlier version of this program charged is summed up, so many charges with each new one.
 */
import { Table, type Change, type StateView } from "../../runtime/contract/state.ts";
import { summedUp, type Amounts, type Charge, type Charges } from "./windows.ts";

export const DAY_MS = 24 * 3_600_000;
/** The longest window that a population may declare: older charges count in the total alone. */
const WINDOW_DAYS_MAX = 3650;
/** So many charges go, and so many are summed up, with each new one: more than come. */
const UPKEEP_MAX = 100;

/** By population and place. */
const CHARGES = new Table<Charge>("charges");
/** By request digest: the place of its charge. */
const PAID = new Table<number>("paid");

/** Which charges an account has. */
export interface Places {
  /** Place of its last charge, from 1, and of the first that is kept; those carried over come before its own. */
  readonly places: number;
  readonly oldest: number;
  /** The first place from which on charges name what was spent before them; absent where none does yet. */
  readonly summed?: number;
}

/** `opened` are charges that are not kept so far: all that the account opens with. */
export const chargesOf = (
  population: string,
  { places, oldest, summed = places + 1, epsilon, delta }: Places & Amounts,
  state: StateView,
  opened?: readonly Charge[],
): Charges => ({
  ...{ oldest, last: places, summed, total: { epsilon, delta } },
  at(place) {
    const charge = opened === undefined ? CHARGES.get(state, keyOf(population, place)) : opened[place - 1];
    if (charge === undefined) throw new Error("a charge of the account is missing");
    return charge;
  },
});

/** Where the account's charges stand once another has come, and the changes for it. */
export function charging(
  population: string,
  charges: Charges,
  charge: Charge,
  opened: readonly Charge[] = [],
): { readonly places: Places; readonly changes: readonly Change[] } {
  const { last, oldest, summed } = charges;
  const gone = tooOld(charges, charge.time);
  const before = summedUp(charges, UPKEEP_MAX);
  const place = last + 1;
  return {
    places: { places: place, oldest: oldest + gone.length, summed: before.at(-1)?.[0] ?? summed },
    changes: [
      ...opened.map((one, index) => chargeAt(population, index + 1, one)),
      ...before.map(([at, one]) => chargeAt(population, at, one)),
      ...gone.flatMap(({ digest }, index) => [
        CHARGES.remove(keyOf(population, oldest + index)),
        PAID.remove(digest),
      ]),
      chargeAt(population, place, charge),
      PAID.put(charge.digest, place),
    ],
  };
}

/** Those that no window can hold any more, nor any that a later version brings. */
function tooOld({ oldest, last, at }: Charges, time: number): Charge[] {
  const gone: Charge[] = [];
  for (let place = oldest; place <= last && gone.length < UPKEEP_MAX; place++) {
    const charge = at(place);
    if (charge.time > time - WINDOW_DAYS_MAX * DAY_MS) break;
    gone.push(charge);
  }
  return gone;
}

/** Whether the request's charge is kept. */
export const isCharged = (digest: string, state: StateView): boolean => PAID.get(state, digest) !== undefined;

const chargeAt = (population: string, place: number, charge: Charge): Change =>
  CHARGES.put(keyOf(population, place), charge);

const keyOf = (population: string, place: number): string => `${population}/${String(place)}`;
