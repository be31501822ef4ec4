/**
 * What each population has spent that is not anchored yet: a region that is put back from a backup, or whose log is cut short, could
 * not know of it. It is bounded, so that such a region can count the bound as spent.
 *
 * Promises: past the bound nothing more is charged until something was anchored, but for a question that alone is dearer than it,
 * which is charged where nothing else is exposed.
 */
import {
  compareFractions,
  formatFraction,
  multiplyFractions,
  parseFraction,
} from "../../crypto/fraction/fraction.ts";
import { Table, type Change, type StateView } from "../../runtime/contract/state.ts";
import { added, subtracted, type Amounts } from "./windows.ts";

/** By population. */
const EXPOSED = new Table<Amounts>("exposed");
/** By the hash of a leaf that is not anchored yet: what it charges whom. */
const UNANCHORED = new Table<Amounts & { readonly population: string }>("unanchored");

export const nothing: Amounts = { epsilon: "0", delta: "0" };

/** A population's share of its budget. */
export interface Share {
  readonly budgetTotal: string;
  readonly budgetDelta: string;
}

/** How much may be exposed: `part`, a fraction, of the share. */
export const exposable = ({ budgetTotal, budgetDelta }: Share, part: string): Amounts => ({
  epsilon: times(budgetTotal, part),
  delta: times(budgetDelta, part),
});

const times = (amount: string, part: string): string =>
  formatFraction(multiplyFractions(parseFraction(amount), parseFraction(part)));

/** Whether so much more may be exposed at once, beside what is and what is `coming`. */
export function mayExpose(
  population: string,
  asked: Amounts,
  most: Amounts,
  state: StateView,
  coming: Amounts = nothing,
): boolean {
  const exposed = added(EXPOSED.get(state, population) ?? nothing, coming);
  if (exposed.epsilon === "0" && exposed.delta === "0") return true;
  const after = added(exposed, asked);
  return isWithin(after.epsilon, most.epsilon) && isWithin(after.delta, most.delta);
}

export const isWithin = (amount: string, most: string): boolean =>
  compareFractions(parseFraction(amount), parseFraction(most)) <= 0;

/** A leaf that charges so much has left, and is not anchored yet. */
export const expose = (
  population: string,
  leaf: string,
  { epsilon, delta }: Amounts,
  state: StateView,
): Change[] => [
  EXPOSED.put(population, added(EXPOSED.get(state, population) ?? nothing, { epsilon, delta })),
  UNANCHORED.put(leaf, { population, epsilon, delta }),
];

/** The leaf of that hash is anchored: whose it is; undefined where it was not waited for. */
export function anchored(
  leaf: string,
  state: StateView,
): { population: string; changes: Change[] } | undefined {
  const spent = UNANCHORED.get(state, leaf);
  if (spent === undefined) return undefined;
  const { population } = spent;
  const left = subtracted(EXPOSED.get(state, population) ?? spent, spent);
  const isOver = left.epsilon === "0" && left.delta === "0";
  return {
    population,
    changes: [UNANCHORED.remove(leaf), isOver ? EXPOSED.remove(population) : EXPOSED.put(population, left)],
  };
}
