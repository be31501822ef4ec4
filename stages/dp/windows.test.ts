/**
 * The ledger's windows beside a recount of all that was ever charged, and what they cost.
 */
import assert from "node:assert/strict";
import { describe, test } from "node:test";
import fc from "fast-check";
import {
  addFractions,
  compareFractions,
  parseFraction,
  subtractFractions,
  type Fraction,
} from "../../crypto/fraction/fraction.ts";
import { deltaOf } from "../../domain/statistics/mechanism.ts";
import type { Entry, Range, StateView } from "../../runtime/contract/state.ts";
import type { Plan } from "../../schemas/avro/index.ts";
import { DAY_MS, plan } from "../../test/stage-aggregate.ts";
import { issuedAt } from "../../test/stage-question.ts";
import { MemoryState } from "../../test/stage-state.ts";
import { hasPaid, pay } from "./ledger.ts";

const much = { epsilon: "1000000000", delta: "1/10" };
const limited = (days: number, epsilon: string) => ({ days, epsilon, delta: much.delta });
const digestOf = (number: number): string => `request ${String(number)}`;

interface Terms {
  readonly version: number;
  readonly windows: Plan["budgetWindows"];
}

const planOf = (epsilon: string, { version, windows }: Terms): Plan => ({
  ...plan,
  ...{ epsilon, budgetTotal: much.epsilon, budgetDelta: much.delta, budgetWindows: windows },
  ...{ populationVersion: version, populationDigest: String(version).padStart(64, "0") },
});

/** Asks, and keeps what it changes. */
function asks(state: MemoryState, number: number, epsilon: string, terms: Terms, time: number) {
  const payment = pay(planOf(epsilon, terms), digestOf(number), state, time);
  if (payment.outcome === "granted") state.apply(payment.changesWith("aa".repeat(32)));
  return payment;
}

/** The state as the version of this program wrote it in which charges did not say what was spent before them. */
function asWrittenBefore(state: MemoryState): MemoryState {
  const earlier = new MemoryState();
  const without = (value: unknown, member: string): unknown => ({
    ...(value as object),
    [member]: undefined,
  });
  for (const [table, key, value] of state.snapshot()) {
    const kept =
      table === "charges"
        ? without(value, "before")
        : table === "accounts"
          ? without(value, "summed")
          : value;
    earlier.apply([{ table, key, value: kept }]);
  }
  return earlier;
}

interface Charged {
  readonly time: number;
  readonly epsilon: string;
  readonly delta: string;
}

/** What is left, by adding up all that was ever charged. */
function leftByRecount(charged: readonly Charged[], { windows }: Terms, now: number): Fraction[] {
  const leftOf = (limit: string, part: "epsilon" | "delta", within: readonly Charged[]): Fraction =>
    subtractFractions(
      parseFraction(limit),
      within.map((one) => parseFraction(one[part])).reduce(addFractions, parseFraction("0")),
    );
  const limits = [{ ...much, days: Infinity }, ...windows];
  const least = (part: "epsilon" | "delta"): Fraction =>
    limits
      .map((limit) => {
        const within = charged.filter(({ time }) => time > now - limit.days * DAY_MS);
        return leftOf(limit[part], part, within);
      })
      .reduce((one, other) => (compareFractions(one, other) <= 0 ? one : other));
  return [least("epsilon"), least("delta")];
}

const isAtMost = (one: string, other: Fraction | undefined): boolean =>
  other !== undefined && compareFractions(parseFraction(one), other) <= 0;

/** A step in time, in hours: on, back, and a quiet year or eleven. */
const hours = fc.oneof(
  { weight: 3, arbitrary: fc.integer({ min: 0, max: 72 }) },
  { weight: 2, arbitrary: fc.integer({ min: -2_000, max: 2_000 }) },
  { weight: 1, arbitrary: fc.constantFrom(365 * 24, 366 * 24, 11 * 365 * 24) },
);
const windowsOf: readonly Plan["budgetWindows"][] = [
  [limited(30, "6")],
  [limited(1, "3"), limited(30, "8")],
  [limited(7, "4"), limited(365, "40")],
  [limited(365, "30"), limited(3650, "60")],
];
const step = fc.record({
  hours,
  eighths: fc.integer({ min: 1, max: 16 }),
  /** Small ones, one after the other. */
  questions: fc.constantFrom(1, 1, 3, 50),
  /** Whether a version of the document brings other windows. */
  isAmended: fc.boolean(),
  /** Whether all so far was charged by the version of this program before. */
  isBroughtUp: fc.boolean(),
});

test("grants what a recount of all charges grants, nothing else, and says exactly what is left", () => {
  let granted = 0;
  let refused = 0;
  fc.assert(
    fc.property(fc.array(step, { minLength: 1, maxLength: 12 }), (steps) => {
      let state = new MemoryState();
      let version = 1;
      let clock = issuedAt;
      let number = 0;
      const charged: Charged[] = [];
      for (const { hours: on, eighths, questions, isAmended, isBroughtUp } of steps) {
        clock += on * 3_600_000;
        if (isAmended) version++;
        if (isBroughtUp) state = asWrittenBefore(state);
        const terms = { version, windows: windowsOf[version % windowsOf.length] ?? [] };
        for (let asked = 0; asked < questions; asked++) {
          // A clock that steps back behind the last charge stands still there.
          const now = Math.max(charged.at(-1)?.time ?? 0, clock++);
          const epsilon = questions === 1 ? `${String(eighths)}/8` : "1/16";
          const payment = asks(state, number++, epsilon, terms, clock - 1);
          const left = leftByRecount(charged, terms, now).map((one) =>
            one.numerator < 0n ? parseFraction("0") : one,
          );
          const cost = { epsilon, delta: deltaOf(planOf(epsilon, terms)) };
          const isGranted = isAtMost(cost.epsilon, left[0]) && isAtMost(cost.delta, left[1]);
          assert.equal(payment.outcome, isGranted ? "granted" : "exhausted");
          if (payment.outcome === "granted") {
            granted++;
            charged.push({ time: now, ...cost });
            const { left: epsilonLeft, deltaLeft } = payment.spend;
            const rest = leftByRecount(charged, terms, now);
            assert.deepEqual([parseFraction(epsilonLeft), parseFraction(deltaLeft)], rest);
          } else {
            refused++;
            assert.deepEqual([parseFraction(payment.left.epsilon), parseFraction(payment.left.delta)], left);
          }
        }
      }
    }),
    { numRuns: 80 },
  );
  assert.ok(granted > 500 && refused > 500, "both happen often");
});

/** Counts the entries that are read. */
class CountedState implements StateView {
  reads = 0;
  readonly #state: MemoryState;

  constructor(state: MemoryState) {
    this.#state = state;
  }

  get(table: string, key: string): unknown {
    this.reads++;
    return this.#state.get(table, key);
  }

  ranked(table: string, range: Range): Entry[] {
    const entries = this.#state.ranked(table, range);
    this.reads += entries.length;
    return entries;
  }

  records(): never {
    throw new Error("the ledger has no records");
  }
}

describe("after a hundred thousand charges a question reads and changes some hundred entries", () => {
  const windows = [limited(1, "999999"), limited(30, "999999"), limited(365, "999999")];
  const terms = { version: 1, windows };
  const count = 100_000;
  const year = 365 * DAY_MS;
  const state = new MemoryState();
  for (let number = 0; number < count; number++)
    asks(state, number, "1/2", terms, issuedAt + (number * year) / count);
  const last = issuedAt + year;

  /** What the windows hold after a question. */
  function windowsAfter(time: number, under: Terms, of = state): string[] {
    const counted = new CountedState(of);
    const payment = pay(planOf("1/2", under), "another", counted, time);
    assert.ok(payment.outcome === "granted");
    const changes = payment.changesWith("aa".repeat(32));
    assert.ok(counted.reads <= 400, `${String(counted.reads)} entries were read`);
    assert.ok(changes.length <= 400, `${String(changes.length)} entries are changed`);
    return payment.state.windows.map(({ epsilon }) => epsilon);
  }

  test("in the course of a year", () => {
    assert.deepEqual(windowsAfter(last, terms), ["137", "4110", "50000"]);
  });

  test("after half a quiet year, a whole one, and eleven", () => {
    assert.deepEqual(windowsAfter(last + year / 2, terms), ["1/2", "1/2", "25000"]);
    assert.deepEqual(windowsAfter(last + year, terms), ["1/2", "1/2", "1/2"]);
    assert.deepEqual(windowsAfter(last + 11 * year, terms), ["1/2", "1/2", "1/2"]);
  });

  test("where a version of the document brings other windows", () => {
    const others = { version: 2, windows: [limited(7, "999999"), limited(90, "999999")] };
    assert.deepEqual(windowsAfter(last, others), ["959", "12329"]);
  });

  test("where all was charged by the version of this program before, unless a quiet time ends in the midst of it", () => {
    const earlier = asWrittenBefore(state);
    assert.deepEqual(windowsAfter(last, terms, earlier), ["137", "4110", "50000"]);
    assert.deepEqual(windowsAfter(last + year, terms, earlier), ["1/2", "1/2", "1/2"]);
    // A thousand questions later the earlier ones say what was spent before them.
    for (let number = 0; number < count / 100; number++)
      asks(earlier, count + number, "1/2", terms, last + number);
    assert.deepEqual(windowsAfter(last + year / 2, terms, earlier), ["1/2", "1/2", "25500"]);
  });

  test("who has paid is known for ten years, and forgotten after that, some with each question", () => {
    const later = asWrittenBefore(state);
    assert.equal(hasPaid(digestOf(0), later), true);
    asks(later, count, "1/2", terms, issuedAt + 10 * year - 1);
    assert.equal(hasPaid(digestOf(0), later), true);
    asks(later, count + 1, "1/2", terms, issuedAt + 11 * year);
    assert.deepEqual([hasPaid(digestOf(0), later), hasPaid(digestOf(100), later)], [false, true]);
    for (let number = 2; number <= count / 100 + 1; number++)
      asks(later, count + number, "1/2", terms, issuedAt + 11 * year);
    assert.equal(hasPaid(digestOf(count - 1), later), false);
  });
});
