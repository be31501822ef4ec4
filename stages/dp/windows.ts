/**
 * What was spent within a sliding window: the account's total less what had been spent before the window's first charge, which
 * that charge names. The first charge is found by its time, in steps that double and then halve, so that a window passes a
 * million charges in some forty look-ups.
 */
import {
  addFractions,
  formatFraction,
  parseFraction,
  subtractFractions,
} from "../../crypto/fraction/fraction.ts";

/** ε and δ, as fractions. */
export interface Amounts {
  readonly epsilon: string;
  readonly delta: string;
}

export interface Charge extends Amounts {
  /** In milliseconds; never before that of the charge before it. */
  readonly time: number;
  /** The request that it paid for. */
  readonly digest: string;
  /** What the account had spent before it; absent where an earlier version of this program charged. */
  readonly before?: Amounts;
}

export interface Window extends Amounts {
  readonly days: number;
  /** Place of the first charge within it. */
  readonly from: number;
}

/** The charges of an account, by places from `oldest` to `last`. */
export interface Charges {
  readonly oldest: number;
  readonly last: number;
  /** The first place from which on charges name what was spent before them. */
  readonly summed: number;
  /** All that the account has spent. */
  readonly total: Amounts;
  readonly at: (place: number) => Charge;
}

/** The window of what was charged later than `since`; `kept` is how it stood after the last charge, where it was kept. */
export function windowSince(days: number, since: number, charges: Charges, kept?: Window): Window {
  const from = firstAfter(since, kept?.from ?? charges.oldest, charges);
  if (kept?.from === from) return kept;
  return { days, from, ...amountsFrom(from, charges, kept) };
}

function amountsFrom(from: number, charges: Charges, kept: Window | undefined): Amounts {
  if (from >= charges.summed) return subtracted(charges.total, spentBefore(from, charges));
  // Charges of an earlier version do not say what was spent before them.
  if (kept !== undefined) return charged(kept.from, from, charges).reduce(subtracted, kept);
  const later = subtracted(charges.total, spentBefore(charges.summed, charges));
  return charged(from, charges.summed, charges).reduce(added, later);
}

function charged(from: number, below: number, { at }: Charges): Amounts[] {
  return Array.from({ length: below - from }, (_, index) => at(from + index));
}

/** What the account had spent before the charge of a place. */
function spentBefore(place: number, { last, total, at }: Charges): Amounts {
  if (place > last) return total;
  const { before } = at(place);
  if (before === undefined) throw new Error("a charge does not say what was spent before it");
  return before;
}

/** The first place of a charge later than `since`, `from` or beyond; the one after the last where there is none. */
function firstAfter(since: number, from: number, { last, at }: Charges): number {
  const isWithin = (place: number): boolean => place > last || at(place).time > since;
  let [low, high] = [from, from];
  for (let step = 1; !isWithin(high); step *= 2) {
    low = high + 1;
    high = Math.min(high + step, last + 1);
  }
  while (low < high) {
    const middle = Math.floor((low + high) / 2);
    if (isWithin(middle)) high = middle;
    else low = middle + 1;
  }
  return low;
}

/**
 * The charges of an earlier version that come last among those below a place, so many at most, each with what was spent before it.
 */
export function summedUp(charges: Charges, limit: number): (readonly [place: number, charge: Charge])[] {
  const summed: (readonly [place: number, charge: Charge])[] = [];
  if (charges.summed <= charges.oldest) return summed;
  let after = spentBefore(charges.summed, charges);
  const end = Math.max(charges.oldest, charges.summed - limit);
  for (let place = charges.summed - 1; place >= end; place--) {
    const charge = charges.at(place);
    after = subtracted(after, charge);
    summed.push([place, { ...charge, before: after }]);
  }
  return summed;
}

export const withCharge = (window: Window, charge: Amounts): Window => ({
  ...window,
  ...added(window, charge),
});

export const added = (one: Amounts, other: Amounts): Amounts => ({
  epsilon: formatFraction(addFractions(parseFraction(one.epsilon), parseFraction(other.epsilon))),
  delta: formatFraction(addFractions(parseFraction(one.delta), parseFraction(other.delta))),
});

export const subtracted = (whole: Amounts, part: Amounts): Amounts => ({
  epsilon: formatFraction(subtractFractions(parseFraction(whole.epsilon), parseFraction(part.epsilon))),
  delta: formatFraction(subtractFractions(parseFraction(whole.delta), parseFraction(part.delta))),
});
