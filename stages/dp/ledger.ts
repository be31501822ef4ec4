/**
 * The privacy ledger of a population: what it has spent, in exact fractions, under the asking collaboration's limits.
 *
 * Promises: totals only grow and never round; a spend is granted only where both the total and the window still hold
 * with it. Does not: give back, or decide who shares a population.
 */
import {
  addFractions,
  compareFractions,
  formatFraction,
  parseFraction,
  subtractFractions,
  type Fraction,
} from "../../crypto/fraction/fraction.ts";
import type { Change, StateView } from "../../runtime/stage.ts";
import type { Plan, Spend } from "../../schemas/avro/index.ts";

const LEDGER = "ledger";
const SPENDS = "spends";
const DAY_MS = 24 * 3_600_000;
/** The longest window that a collaboration may declare: older spends count in the total alone. */
const WINDOW_DAYS_MAX = 3650;

interface Account {
  readonly sequence: number;
  readonly total: string;
  /** Hash of the leaf of its last spend. */
  readonly leaf: string | null;
}

interface Entry {
  readonly epsilon: string;
  /** The event's time, in milliseconds. */
  readonly time: number;
  /** The request that it paid for. */
  readonly digest: string;
}

export type Payment =
  /** `previous` is the hash of the population's last spend leaf; `changesWith` takes this spend's own. */
  | {
      readonly granted: true;
      readonly spend: Spend;
      readonly previous: string | null;
      readonly changesWith: (leaf: string) => Change[];
    }
  /** Nothing is changed; `left` is what could still be spent now. */
  | { readonly granted: false; readonly left: string };

/** Pays the plan's epsilon for a request, or says what is left. `time` is the event's, in milliseconds. */
export function pay(plan: Plan, digest: string, state: StateView, time: number): Payment {
  const { population } = plan;
  const account = accountOf(population, state);
  const epsilon = parseFraction(plan.epsilon);
  const left = leftUnder(plan, account, state, time);
  if (compareFractions(epsilon, left) > 0) return { granted: false, left: formatFraction(left) };

  const sequence = account.sequence + 1;
  const total = formatFraction(addFractions(parseFraction(account.total), epsilon));
  const entry: Entry = { epsilon: formatFraction(epsilon), time, digest };
  const spend = {
    population,
    sequence,
    epsilon: entry.epsilon,
    total,
    left: formatFraction(subtractFractions(left, epsilon)),
  };
  const changesWith = (leaf: string): Change[] => [
    { table: LEDGER, key: population, value: { sequence, total, leaf } satisfies Account },
    { table: SPENDS, key: `${population}/${sequence.toString()}`, value: entry },
    ...outdated(population, state, time),
  ];
  return { granted: true, spend, previous: account.leaf, changesWith };
}

/** What a repeated answer costs: nothing. Where the population stands is told all the same. */
export function costless(plan: Plan, first: Spend, state: StateView, time: number): Spend {
  const account = accountOf(plan.population, state);
  const left = formatFraction(leftUnder(plan, account, state, time));
  return { population: plan.population, sequence: first.sequence, epsilon: "0", total: account.total, left };
}

const accountOf = (population: string, state: StateView): Account =>
  (state.get(LEDGER, population) as Account | undefined) ?? { sequence: 0, total: "0", leaf: null };

/** Whether the request was ever charged, in any population; payments are known for as long as the longest window. */
export function hasPaid(digest: string, state: StateView): boolean {
  for (const [, entry] of state.entries(SPENDS)) if ((entry as Entry).digest === digest) return true;
  return false;
}

/** What may still be spent under both limits; zero where a limit was lowered below what is spent. */
function leftUnder(plan: Plan, account: Account, state: StateView, time: number): Fraction {
  const inTotal = subtractFractions(parseFraction(plan.budgetTotal), parseFraction(account.total));
  const since = time - plan.budgetWindowDays * DAY_MS;
  const inWindow = subtractFractions(
    parseFraction(plan.budgetWindow),
    spentSince(plan.population, state, since),
  );
  const least = compareFractions(inTotal, inWindow) < 0 ? inTotal : inWindow;
  return compareFractions(least, zero) < 0 ? zero : least;
}

const zero = parseFraction("0");

/** Entries later than now count as well: a broker's clock that steps back frees no budget. */
function spentSince(population: string, state: StateView, since: number): Fraction {
  let spent = zero;
  for (const [, entry] of entriesOf(population, state)) {
    if (entry.time > since) spent = addFractions(spent, parseFraction(entry.epsilon));
  }
  return spent;
}

function outdated(population: string, state: StateView, time: number): Change[] {
  const changes: Change[] = [];
  for (const [key, entry] of entriesOf(population, state)) {
    if (entry.time <= time - WINDOW_DAYS_MAX * DAY_MS) changes.push({ table: SPENDS, key, value: undefined });
  }
  return changes;
}

function* entriesOf(population: string, state: StateView): Iterable<[key: string, entry: Entry]> {
  for (const [key, value] of state.entries(SPENDS, `${population}/`)) yield [key, value as Entry];
}
