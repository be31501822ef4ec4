import assert from "node:assert/strict";
import { test } from "node:test";
import fc from "fast-check";
import {
  addPoints,
  blindingGenerator,
  commitSums,
  generator,
  multiply,
  type Point,
} from "../../crypto/commitment/commitment.ts";
import type { CommittedColumn, Plan, Statistic } from "../../schemas/avro/index.ts";
import { planAt } from "../../test/stage-plan.ts";
import { bySlot, layoutOf, placesOf, positionOf } from "./coordinates.ts";
import { basesOf, groupNumber, openingOf, partsOf, remainderContext, type Part } from "./opening.ts";

const columnOf = fc.constantFrom<CommittedColumn>(
  { kind: "integer", lower: 0, upper: 9, nullable: false },
  { kind: "integer", lower: -5, upper: 5, nullable: true },
  { kind: "flag", lower: 0, upper: 1, nullable: true },
  { kind: "category", lower: 0, upper: 2, nullable: false },
);

/** Everything that can be asked for of these columns: a sum of each number, its valid flag, a grouping by each category. */
function planOver(slots: readonly CommittedColumn[][]): Plan {
  const statistics: Statistic[] = [...planAt().statistics.slice(0, 1)];
  const groupings: Plan["groupings"] = [...planAt().groupings.slice(0, 1)];
  const datasets = slots.map((columns, slot) => {
    const dataset = `d${String(slot)}`;
    for (const [column, { kind, lower, upper, nullable }] of columns.entries()) {
      const place = { dataset, column };
      const name = `${dataset}.${String(column)}`;
      if (kind === "category") groupings.push({ name, ...place, categories: ["a", "b", "other"] });
      else {
        const sum = { name, kind: "sum", ...place, lower, sensitivity: upper - lower };
        if (nullable) statistics.push({ ...sum, name: `valid ${name}`, kind: "valid" });
        statistics.push(sum);
      }
    }
    return { provider: dataset, dataset, sequence: 1, head: "", signature: "", columns };
  });
  return planAt(1, 1, { datasets, statistics, groupings });
}

const arbitraryPlan = fc
  .array(fc.array(columnOf, { maxLength: 4 }), { minLength: 2, maxLength: 4 })
  .map(planOver);

interface Group {
  readonly plan: Plan;
  readonly grouping: number;
  readonly category: number;
  readonly part: Part;
}

function* groupsOf(plan: Plan): Iterable<Group> {
  for (const [grouping, { categories }] of plan.groupings.entries()) {
    for (const category of categories.keys()) {
      for (const part of partsOf(plan)) yield { plan, grouping, category, part };
    }
  }
}

function openingIn({ plan, grouping, category, part }: Group): ReturnType<typeof openingOf> {
  const named = plan.groupings[grouping];
  assert.ok(named);
  return openingOf(plan, named, category, part);
}

test("parts hold the count and two more each, and every other statistic stands in exactly one", () => {
  const [count, ...others] = planAt().statistics;
  assert.ok(count);
  const partsFor = (more: number): Part[] =>
    partsOf({ statistics: [count, ...Array.from({ length: more }, () => others[0] ?? count)] });
  assert.deepEqual(partsFor(0), [{ part: 0, statistics: [0] }]);
  assert.deepEqual(partsFor(2), [{ part: 0, statistics: [0, 1, 2] }]);
  assert.deepEqual(partsFor(3), [
    { part: 0, statistics: [0, 1, 2] },
    { part: 1, statistics: [0, 3] },
  ]);
  for (let more = 0; more < 17; more++) {
    const parts = partsFor(more);
    assert.deepEqual(
      parts.map(({ part }) => part),
      [...parts.keys()],
    );
    assert.ok(parts.every(({ statistics }) => statistics[0] === 0 && statistics.length <= 3));
    assert.deepEqual(
      parts.flatMap(({ statistics }) => statistics.slice(1)),
      Array.from({ length: more }, (_, index) => index + 1),
    );
  }
});

test("what is opened and what is peeled off are all coordinates, each once, for every part of every group", () => {
  fc.assert(
    fc.property(arbitraryPlan, (plan) => {
      const layout = layoutOf(plan);
      for (const group of groupsOf(plan)) {
        const { opened, peeled } = openingIn(group);
        const positions = [...opened.flat(), ...peeled].map((coordinate) => positionOf(coordinate, layout));
        assert.deepEqual(
          positions.sort((a, b) => a - b),
          [...Array(layout.length).keys()],
        );
        assert.equal(opened.length, group.part.statistics.length);
      }
    }),
  );
});

test("the count's base holds every slot's count, and the group's own category alone", () => {
  const plan = planAt();
  const counts = [
    { slot: 0, index: 0 },
    { slot: 1, index: 0 },
  ];
  const openedIn = (grouping: number, category: number) =>
    openingIn({ plan, grouping, category, part: { part: 0, statistics: [0, 1, 2] } }).opened;
  const statistics = [[{ slot: 0, index: 2 }], [{ slot: 0, index: 1 }]];
  assert.deepEqual(openedIn(0, 0), [counts, ...statistics]);
  assert.deepEqual(openedIn(1, 2), [[...counts, { slot: 0, index: 5 }], ...statistics]);
});

/** One sum for each coordinate of a group of so many people, all of the category where it is one. */
function sumsOf({ plan, grouping, category }: Group, people: number): number[] {
  const by = plan.groupings[grouping];
  return plan.datasets.flatMap(({ dataset, columns }) => {
    const { places, width } = placesOf(columns);
    const sums = Array.from({ length: width }, (_, index) => (index === 0 ? people : index * 3));
    for (const [column, { kind, upper }] of columns.entries()) {
      if (kind !== "category" || by?.dataset !== dataset || by.column !== column) continue;
      for (let index = 0; index <= upper; index++) {
        sums[(places[column]?.first ?? Number.NaN) + index] = index === category ? people : 0;
      }
    }
    return sums;
  });
}

/** Σ statistic · base + Σ peeled sum · generator + blinding · H: what a part's proofs show C' to be. */
function reopened(group: Group, sums: readonly number[], blinding: bigint): Point {
  const layout = layoutOf(group.plan);
  const opening = openingIn(group);
  const sumAt = (coordinate: { slot: number; index: number }): bigint =>
    BigInt(sums[positionOf(coordinate, layout)] ?? Number.NaN);
  return addPoints([
    ...basesOf(opening).map((base, index) => {
      const [first] = opening.opened[index] ?? [];
      assert.ok(first);
      return multiply(base, sumAt(first));
    }),
    ...opening.peeled.map((coordinate) =>
      multiply(generator(coordinate.slot, coordinate.index), sumAt(coordinate)),
    ),
    multiply(blindingGenerator(), blinding),
  ]);
}

test("a pure group's commitment is what its parts open and peel off, and no other group's is", () => {
  fc.assert(
    fc.property(
      arbitraryPlan,
      fc.integer({ min: 1, max: 1000 }),
      fc.bigInt(1n, 1n << 200n),
      (plan, people, blinding) => {
        const groups = [...groupsOf(plan)];
        const group = groups.at(people % groups.length);
        assert.ok(group);
        const sums = sumsOf(group, people);
        const layout = layoutOf(plan);
        const commitmentTo = (to: readonly number[]): Point => commitSums(bySlot(to, layout), blinding);
        assert.ok(commitmentTo(sums).equals(reopened(group, sums, blinding)));
        // One slot counts somebody whom the others do not; one person is of another category.
        for (const { slot, index } of openingIn(group).opened[0]?.slice(1) ?? []) {
          const impure = sums.with(positionOf({ slot, index }, layout), people - 1);
          assert.ok(!commitmentTo(impure).equals(reopened(group, impure, blinding)));
        }
      },
    ),
    { numRuns: 20 },
  );
});

test("a remainder's proof is bound to the match, the group, the part and the remainder itself", () => {
  const part = { part: 0, statistics: [0] };
  const contexts = [
    remainderContext("aa", 1, 2, part, "cc"),
    remainderContext("ab", 1, 2, part, "cc"),
    remainderContext("aa", 2, 2, part, "cc"),
    remainderContext("aa", 1, 3, part, "cc"),
    remainderContext("aa", 1, 2, { ...part, part: 1 }, "cc"),
    remainderContext("aa", 1, 2, part, "cd"),
    remainderContext("aa1", 1, 2, part, "cc"),
    remainderContext("aa", 11, 2, part, "cc"),
    remainderContext("aa", 1, 12, part, "cc"),
  ].map((bytes) => Buffer.from(bytes).toString("hex"));
  assert.equal(new Set(contexts).size, contexts.length);
});

test("no two groups that a plan can have share a number", () => {
  const numbers = new Set<number>();
  for (let grouping = 0; grouping < 4; grouping++) {
    for (let category = 0; category <= 64; category++) numbers.add(groupNumber(grouping, category));
  }
  assert.equal(numbers.size, 4 * 65);
});

test("fails on a part that names a statistic which its plan lacks", () => {
  const plan = planAt();
  const group = { plan, grouping: 0, category: 0, part: { part: 0, statistics: [0, 9] } };
  assert.throws(() => openingIn(group));
});
