/**
 * What was spent within a sliding window, kept as a sum: a charge that leaves is taken off once, so that no look-up adds up
 * what lies within.
 */
import {
  addFractions,
  formatFraction,
  parseFraction,
  subtractFractions,
} from "../../crypto/fraction/fraction.ts";

export interface Charge {
  readonly epsilon: string;
  readonly delta: string;
  /** In milliseconds; never before that of the charge before it. */
  readonly time: number;
  /** The request that it paid for. */
  readonly digest: string;
}

export interface Window {
  readonly days: number;
  readonly epsilon: string;
  readonly delta: string;
  /** Place of the first charge within it. */
  readonly from: number;
}

/** The charges of an account, by places from `oldest` to `last`. */
export interface Charges {
  readonly oldest: number;
  readonly last: number;
  readonly at: (place: number) => Charge | undefined;
}

/** The window with what is no later than `since` taken off. */
export function advanced(window: Window, charges: Charges, since: number): Window {
  let { epsilon, delta, from } = window;
  for (
    let charge = charges.at(from);
    charge !== undefined && charge.time <= since;
    charge = charges.at(from)
  ) {
    epsilon = formatFraction(subtractFractions(parseFraction(epsilon), parseFraction(charge.epsilon)));
    delta = formatFraction(subtractFractions(parseFraction(delta), parseFraction(charge.delta)));
    from++;
  }
  return { ...window, epsilon, delta, from };
}

/** A window that was not kept so far, as a version of the document that brings it: added up this once. */
export function addedUp(days: number, charges: Charges, since: number): Window {
  let window: Window = { days, epsilon: "0", delta: "0", from: charges.oldest };
  for (let place = charges.oldest; place <= charges.last; place++) {
    const charge = charges.at(place);
    if (charge === undefined || charge.time <= since) window = { ...window, from: place + 1 };
    else window = withCharge(window, charge);
  }
  return window;
}

export const withCharge = (
  window: Window,
  { epsilon, delta }: Pick<Charge, "epsilon" | "delta">,
): Window => ({
  ...window,
  epsilon: formatFraction(addFractions(parseFraction(window.epsilon), parseFraction(epsilon))),
  delta: formatFraction(addFractions(parseFraction(window.delta), parseFraction(delta))),
});
