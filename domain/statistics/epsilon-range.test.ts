import assert from "node:assert/strict";
import { test } from "node:test";
import {
  multiplyFractions,
  formatFraction,
  fraction,
  parseFraction,
} from "../../crypto/fraction/fraction.ts";
import { collaborationOf } from "../../test/agent-messages.ts";
import { epsilonLeast, epsilonMost, epsilonNotes, isPrivate } from "./epsilon-range.ts";
import { staysExact } from "./mechanism.ts";

const askedFor = (groupings: number, ...sensitivities: number[]) => ({
  groupings: Array.from({ length: groupings }, () => ""),
  statistics: sensitivities.map((sensitivity) => ({ sensitivity })),
});
const half = (epsilon: string): string =>
  formatFraction(multiplyFractions(parseFraction(epsilon), fraction(1n, 2n)));

test("the greatest epsilon is private, and one more for each pair is not", () => {
  for (const asked of [askedFor(1, 1), askedFor(3, 1, 100), askedFor(2, 1, 1, 5, 25)]) {
    const most = epsilonMost(asked);
    const pairs = asked.groupings.length * asked.statistics.length;
    assert.ok(isPrivate({ ...asked, epsilon: most }), most);
    assert.ok(!isPrivate({ ...asked, epsilon: String(Number(most) + pairs) }), most);
  }
});

test("the least epsilon is served, and half of it is not", () => {
  for (const [asked, records] of [
    [askedFor(1, 1, 1e10), 1_000],
    [askedFor(4, 1, 1e9), 100_000],
    [askedFor(2, 1, 1e12, 1e12), 1_000],
  ] as const) {
    const least = epsilonLeast(asked, records);
    assert.ok(least !== undefined);
    assert.ok(staysExact({ ...asked, epsilon: least }, records), least);
    assert.ok(!staysExact({ ...asked, epsilon: half(least) }, records), least);
  }
});

test("where no epsilon is enough there is none", () => {
  assert.equal(epsilonLeast(askedFor(1, 1, 9e15), 1), undefined);
});

test("terms that every question can use up to their limit need no note", () => {
  assert.deepEqual(epsilonNotes(collaborationOf()), []);
});

test("terms are told which epsilon could not be served, and over which column", () => {
  const terms = collaborationOf();
  const withBudget = (epsilonPerQuestion: string) => ({
    ...terms,
    budget: { ...terms.budget, epsilonPerQuestion },
  });
  assert.match(epsilonNotes(withBudget("100"))[0] ?? "", /epsilonPerQuestion is 100, .* refused above 37,/);
  const [first, second] = terms.providers;
  assert.ok(first && second);
  const column = {
    name: "income",
    kind: "integer",
    source: "i",
    transform: "none",
    lower: 0,
    nullable: false,
  } as const;
  const wide = (upper: number) =>
    epsilonNotes({
      ...withBudget("1"),
      providers: [{ ...first, columns: [{ ...column, upper }] }, second],
    }).join();
  assert.equal(wide(100), "");
  assert.match(wide(1e12), /a mean or sum of \S+\.income takes at least epsilon \S+$/);
  assert.match(wide(1e14), /no mean or sum of \S+\.income can be answered at any epsilon up to 1: narrow/);
});
