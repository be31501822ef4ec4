/**
 * What a home may spend of a population's budget, what it has spent and what is left: for good, and within each window.
 */
import {
  compareFractions,
  formatFraction,
  parseFraction,
  subtractFractions,
} from "../../crypto/fraction/fraction.ts";
import type { BudgetState } from "../../schemas/avro/index.ts";
import type { Home } from "../../schemas/json/population.ts";

/** Exact fractions. */
interface Standing {
  readonly budget: string;
  /** Within a window: at the latest charge. What has left the window since is still counted, never the other way round. */
  readonly spent: string;
  readonly left: string;
}

export interface BudgetLine {
  /** Of the window; null for what is spent for good. */
  readonly days: number | null;
  readonly epsilon: Standing;
  readonly delta: Standing;
}

/** Under the home's share as the latest version of the document gives it; `state` is undefined where nothing was charged yet. */
export function standingOf({ share }: Home, state: BudgetState | undefined): BudgetLine[] {
  const total = state ?? { epsilon: "0", delta: "0" };
  return [
    lineOf(null, share, total),
    ...share.windows.map((window) => {
      const known = state?.windows.find(({ days }) => days === window.days);
      // A window that came with a version after the last charge: what was ever spent is the most that can lie within it.
      return lineOf(window.days, window, known ?? total);
    }),
  ];
}

interface Amounts {
  readonly epsilon: string;
  readonly delta: string;
}

const lineOf = (days: number | null, budget: Amounts, spent: Amounts): BudgetLine => ({
  days,
  epsilon: standing(budget.epsilon, spent.epsilon),
  delta: standing(budget.delta, spent.delta),
});

function standing(budget: string, spent: string): Standing {
  const rest = subtractFractions(parseFraction(budget), parseFraction(spent));
  const isOver = compareFractions(rest, parseFraction("0")) < 0;
  return { budget, spent, left: isOver ? "0" : formatFraction(rest) };
}
