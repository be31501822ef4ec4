/**
 * The answer: the measures that were asked for, from the released statistics, each with an interval.
 *
 * All of it is post-processing of what was released: it costs no privacy, and the exact values are not here. An
 * interval holds the exact value with the stated confidence, over the noise; where several noised statistics make a
 * measure, they share the chance of missing it, and the union bound gives the confidence for all.
 */
import { formatFraction, parseFraction, type Fraction } from "../../crypto/fraction/fraction.ts";
import { errorBound } from "../../crypto/laplace/laplace.ts";
import type {
  Answer,
  AnswerGroup,
  Estimate,
  Plan,
  ReleasedAggregate,
  Statistic,
} from "../../schemas/avro/index.ts";
import type { Question } from "../../schemas/json/request.ts";

/** Probability with which each interval holds the exact value. */
const CONFIDENCE = parseFraction("19/20");
/** (1 + 19/20) / 2, for each of two. */
const CONFIDENCE_OF_TWO = parseFraction("39/40");
/** 1 - (1 - 19/20) / 3, for each of three. */
const CONFIDENCE_OF_THREE = parseFraction("59/60");
/** Means and variances are told to six decimals, intervals rounded outward; as far as a double tells them. */
const MICRO = 1_000_000n;

type Measure = Question["measures"][number];

/** One statistic of one group: its noised value, and how far the noise may have taken it. */
interface Noised {
  readonly value: bigint;
  readonly error: (confidence: Fraction) => bigint;
  readonly statistic: Statistic;
}

/** The answer to the question, groups in the plan's order. Throws where the release does not follow its plan. */
export function answerOf({ measures }: Question, released: ReleasedAggregate): Answer {
  const { plan, spend } = released;
  const errors = released.scales.map(errorAt);
  const groups = plan.groupings.flatMap(({ name, categories }, grouping) =>
    categories.map((category, index): AnswerGroup => {
      const cell = released.cells.find((found) => found.grouping === grouping && found.category === index);
      if (cell === undefined) throw new Error("the release lacks a group of its plan");
      const { suppressed, values } = cell;
      const statistics = suppressed ? [] : noisedIn(values, plan, errors);
      const estimates = suppressed ? [] : measures.map((measure) => estimate(measure, statistics));
      return { grouping: name, category, suppressed, estimates };
    }),
  );
  return {
    groups,
    confidence: formatFraction(CONFIDENCE),
    epsilonSpent: spend.epsilon,
    epsilonLeft: spend.left,
  };
}

function noisedIn(values: readonly number[], plan: Plan, errors: readonly Noised["error"][]): Noised[] {
  return plan.statistics.map((statistic, index) => {
    const value = values[index];
    const error = errors[index];
    if (value === undefined || error === undefined)
      throw new Error("the release lacks a statistic of its plan");
    return { statistic, value: BigInt(value), error };
  });
}

/** The bounds at a scale, each computed once: every group of an answer has the same. */
function errorAt(text: string): Noised["error"] {
  const scale = parseFraction(text);
  const known = new Map<Fraction, bigint>();
  return (confidence) => {
    const bound = known.get(confidence) ?? errorBound(scale, confidence);
    known.set(confidence, bound);
    return bound;
  };
}

function estimate(measure: Measure, statistics: readonly Noised[]): Estimate {
  if (measure.kind === "count") return count(statisticIn(statistics, "count"));
  const column = `${measure.of.dataset}.${measure.of.column}`;
  const name = `${measure.kind}(${column})`;
  const sum = statisticIn(statistics, `sum(${column})`);
  // Where a column is never empty, compliance plans no `valid`: it is the count.
  const valid = statistics.find(({ statistic }) => statistic.name === `valid(${column})`);
  const people = valid ?? statisticIn(statistics, "count");
  if (measure.kind === "mean") return mean(name, sum, people);
  if (measure.kind === "sum") return total(name, sum, people);
  return variance(name, sum, statisticIn(statistics, `squares(${column})`), people);
}

function count({ value, error }: Noised): Estimate {
  return around("count", value, error(CONFIDENCE));
}

/** Sum of values = sum of (value - lower) + lower * people; only the latter needs the people's noise. */
function total(name: string, sum: Noised, people: Noised): Estimate {
  const lower = BigInt(sum.statistic.lower);
  if (lower === 0n) return around(name, sum.value, sum.error(CONFIDENCE));
  const size = lower < 0n ? -lower : lower;
  const error = sum.error(CONFIDENCE_OF_TWO) + size * people.error(CONFIDENCE_OF_TWO);
  return around(name, sum.value + lower * people.value, error);
}

/**
 * Mean = lower + sum of (value - lower) / people, held to the column's bounds, which are public. The interval takes
 * both noises at their worst; the exact number of people is at least one, or there is no mean to hold.
 */
function mean(name: string, sum: Noised, people: Noised): Estimate {
  if (people.value <= 0n) return { measure: name, value: null, lower: null, upper: null };
  const range = BigInt(sum.statistic.sensitivity);
  const [sumError, peopleError] = [sum.error(CONFIDENCE_OF_TWO), people.error(CONFIDENCE_OF_TWO)];
  const fewest = people.value > peopleError ? people.value - peopleError : 1n;
  const held = (dividend: bigint, divisor: bigint, roundingUp: bigint): number => {
    const micros = dividend <= 0n ? 0n : (dividend * MICRO + roundingUp) / divisor;
    return micro(BigInt(sum.statistic.lower) * MICRO + (micros < range * MICRO ? micros : range * MICRO));
  };
  return {
    measure: name,
    value: held(sum.value, people.value, people.value / 2n),
    lower: held(sum.value - sumError, people.value + peopleError, 0n),
    upper: held(sum.value + sumError, fewest, fewest - 1n),
  };
}

/**
 * Population variance = squares / people - (sum / people)², both of value minus lower bound, held to what it can be
 * within the column's bounds (Popoviciu: a quarter of the range squared). The interval takes all three noises at their
 * worst.
 */
function variance(name: string, sum: Noised, squares: Noised, people: Noised): Estimate {
  if (people.value <= 0n) return { measure: name, value: null, lower: null, upper: null };
  const greatest = (BigInt(squares.statistic.sensitivity) * MICRO) / 4n;
  const held = (micros: bigint): number => {
    if (micros < 0n) return 0;
    return micro(micros < greatest ? micros : greatest);
  };
  const [sumError, squaresError, peopleError] = [sum, squares, people].map(({ error }) =>
    error(CONFIDENCE_OF_THREE),
  ) as [bigint, bigint, bigint];
  const fewest = people.value > peopleError ? people.value - peopleError : 1n;
  const most = people.value + peopleError;
  return {
    measure: name,
    value: held(varianceMicros(squares.value, people.value, sum.value, people.value)),
    lower: held(varianceMicros(squares.value - squaresError, most, sum.value + sumError, fewest)),
    upper: held(varianceMicros(squares.value + squaresError, fewest, sum.value - sumError, most) + 1n),
  };
}

/** squares / a - (sum / b)² in millionths, rounded down where it is positive; a negative sum counts as none. */
function varianceMicros(squares: bigint, a: bigint, sum: bigint, b: bigint): bigint {
  const held = sum > 0n ? sum : 0n;
  return ((squares * b * b - held * held * a) * MICRO) / (a * b * b);
}

const around = (measure: string, value: bigint, error: bigint): Estimate => ({
  measure,
  value: Number(value),
  lower: Number(value - error),
  upper: Number(value + error),
});

const micro = (micros: bigint): number => Number(micros) / Number(MICRO);

function statisticIn(statistics: readonly Noised[], name: string): Noised {
  const found = statistics.find(({ statistic }) => statistic.name === name);
  if (found === undefined) throw new Error("the plan lacks a statistic that the question needs");
  return found;
}
