import assert from "node:assert/strict";
import { describe, test } from "node:test";
import fc from "fast-check";
import type { Cell, Plan } from "../../schemas/avro/index.ts";
import { StateStore } from "../../runtime/state/store.ts";
import { planAt } from "../../test/stage-plan.ts";
import { match, type DatasetRecords, type Values } from "./match.ts";
import { recordsOf, recordTable } from "./records.ts";

/** What the datasets have under one token. */
type Joined = Readonly<Record<string, Values>>;

/** The records as the partition keeps them, one dataset after the other as the plan pins them. */
function stored(joined: readonly Joined[], plan: Plan): DatasetRecords[] {
  const state = new StateStore();
  const counts = new Map<string, number>();
  const token = (index: number): string => index.toString(16).padStart(32, "0");
  for (const [index, record] of joined.entries()) {
    for (const [dataset, values] of Object.entries(record)) {
      counts.set(dataset, (counts.get(dataset) ?? 0) + 1);
      const table = recordTable(plan.collaboration, plan.epoch, dataset);
      state.stage([{ table, key: token(index), value: values }]);
    }
  }
  state.commit();
  return plan.datasets.map(({ dataset }) => recordsOf(state, plan, dataset, counts.get(dataset) ?? 0));
}

const matchOf = (joined: readonly Joined[], plan = planAt()): Cell[] => match(stored(joined, plan), plan);

const person = (age: number | null, state: number): Joined => ({ people: [age, state], visits: [3] });

/** The same by its definition: a filter and a sum for every single number. */
function matchByDefinition(records: readonly Joined[], plan: Plan): Cell[] {
  const matched = records.filter((record) =>
    plan.datasets.every(({ dataset }) => record[dataset] !== undefined),
  );
  const at = (record: Joined, { dataset, column }: { dataset: string | null; column: number | null }) =>
    record[dataset ?? ""]?.[column ?? -1] ?? null;
  return plan.groupings.flatMap((grouping, index) =>
    grouping.categories.map((_, category) => {
      const group = matched.filter(
        (record) => grouping.dataset === null || at(record, grouping) === category,
      );
      const values = plan.statistics.map((statistic) => {
        if (statistic.kind === "count") return group.length;
        const present = group
          .map((record) => at(record, statistic))
          .filter((value): value is number => value !== null);
        if (statistic.kind === "valid") return present.length;
        return present.reduce((sum, value) => sum + value - statistic.lower, 0);
      });
      return { grouping: index, category, values };
    }),
  );
}

const arbitraryRecord: fc.Arbitrary<Joined> = fc
  .record(
    {
      people: fc.tuple(fc.option(fc.integer({ min: 16, max: 116 })), fc.integer({ min: 0, max: 2 })),
      visits: fc.tuple(fc.integer({ min: 0, max: 30 })),
      elsewhere: fc.tuple(fc.integer()),
    },
    { requiredKeys: [] },
  )
  .map((record) => JSON.parse(JSON.stringify(record)) as Joined);

test("agrees with the definition on whatever records", () => {
  fc.assert(
    fc.property(fc.array(arbitraryRecord, { maxLength: 60 }), (records) => {
      assert.deepEqual(matchOf(records), matchByDefinition(records, planAt()));
    }),
  );
});

test("adds up over any split of the records", () => {
  fc.assert(
    fc.property(fc.array(arbitraryRecord), fc.nat(), (records, at) => {
      const whole = matchOf(records);
      const cut = records.length === 0 ? 0 : at % records.length;
      const rest = matchOf(records.slice(cut));
      const sums = matchOf(records.slice(0, cut)).map((cell, index) => ({
        ...cell,
        values: cell.values.map((value, place) => value + (rest[index]?.values[place] ?? NaN)),
      }));
      assert.deepEqual(sums, whole);
    }),
  );
});

test("one person changes no cell's statistic by more than its sensitivity, and one cell of a grouping alone", () => {
  fc.assert(
    fc.property(fc.array(arbitraryRecord), arbitraryRecord, (records, added) => {
      const plan = planAt();
      const before = matchOf(records, plan);
      const after = matchOf([...records, added], plan);
      const changed = new Map<number, number>();
      for (const [index, cell] of after.entries()) {
        const shares = cell.values.map((value, place) => value - (before[index]?.values[place] ?? NaN));
        assert.ok(
          shares.every((share, place) => share >= 0 && share <= (plan.statistics[place]?.sensitivity ?? 0)),
        );
        if (shares.some((share) => share !== 0))
          changed.set(cell.grouping, (changed.get(cell.grouping) ?? 0) + 1);
      }
      assert.ok([...changed.values()].every((cells) => cells === 1));
    }),
  );
});

test("gives every cell, zeros included, where nobody matches", () => {
  const lone: Joined[] = [{ people: [40, 0] }, { visits: [3] }];
  const zeros = [
    { grouping: 0, category: 0, values: [0, 0, 0] },
    { grouping: 1, category: 0, values: [0, 0, 0] },
    { grouping: 1, category: 1, values: [0, 0, 0] },
    { grouping: 1, category: 2, values: [0, 0, 0] },
  ];
  assert.deepEqual(matchOf(lone), zeros);
});

test("counts a person without a value, sums from the lower bound, and knows other by the last index", () => {
  const cells = matchOf([person(null, 2), person(16, 2), person(116, 0)]);
  assert.deepEqual(
    cells.map(({ values }) => values),
    [
      [3, 2, 100],
      [1, 1, 100],
      [0, 0, 0],
      [2, 1, 0],
    ],
  );
});

test("takes no dataset for another whose name it starts with, and none of another collaboration or epoch", () => {
  const state = new StateStore();
  const token = "0".repeat(32);
  const places = [
    ["care", 2, "people"],
    ["care", 2, "visits-2"],
    ["care", 1, "visits"],
    ["care-two", 2, "visits"],
  ] as const;
  for (const [collaboration, epoch, dataset] of places) {
    state.stage([{ table: recordTable(collaboration, epoch, dataset), key: token, value: [40, 0] }]);
  }
  const plan = planAt();
  for (const counts of [
    [1, 2],
    [2, 1],
  ]) {
    const records = plan.datasets.map(({ dataset }, index) =>
      recordsOf(state, plan, dataset, counts[index] ?? 0),
    );
    assert.deepEqual(match(records, plan)[0]?.values, [0, 0, 0]);
  }
});

describe("fails with INTERNAL_ERROR and no number", () => {
  const fails = (name: string, records: Joined[], changes: Partial<Plan> = {}): void => {
    test(name, () => {
      assert.throws(
        () => matchOf(records, planAt(1, 1, changes)),
        (error: Error & { code?: string }) => error.code === "INTERNAL_ERROR" && !/\d/.test(error.message),
      );
    });
  };
  const [count, , sum] = planAt().statistics;
  const [total, state] = planAt().groupings;
  assert.ok(count && sum && total && state);

  fails("a value below its bound", [person(15, 0)]);
  fails("a value above its bound", [person(117, 0)]);
  fails("a value that is not whole", [person(40.5, 0)]);
  fails("a category past the last", [person(40, 3)]);
  fails("a category below the first", [person(40, -1)]);
  fails("a missing column", [{ people: [40], visits: [3] }]);
  fails("nobody's category", [{ people: [40, null], visits: [3] }]);
  fails("a plan that pins nothing", [], { datasets: [] });
  fails("a statistic of a dataset that is not pinned", [], {
    statistics: [count, { ...sum, dataset: "elsewhere" }],
  });
  fails("a statistic of an unknown kind", [], { statistics: [count, { ...sum, kind: "square" }] });
  fails("a grouping by a dataset that is not pinned", [], {
    groupings: [{ ...state, dataset: "elsewhere" }],
  });
  const huge = { ...sum, lower: -(2 ** 52), sensitivity: 2 ** 53 - 1 };
  const most = { people: [2 ** 52 - 1, 0], visits: [3] };
  fails("a sum of 2^53 and above", [most, person(null, 0), most], { statistics: [count, huge] });
});

test("two datasets of one hundred thousand records take well under a second", (context) => {
  const plan = planAt();
  const records = stored(
    Array.from({ length: 150_000 }, (_, index): Joined => {
      const people = { people: [16 + (index % 101), index % 3] };
      const visits = { visits: [index % 30] };
      if (index % 3 === 0) return people;
      return index % 3 === 1 ? visits : { ...people, ...visits };
    }),
    plan,
  );
  // Processor time: other work on the machine is not this function's.
  const start = process.cpuUsage();
  const [total] = match(records, plan);
  const { user, system } = process.cpuUsage(start);
  const ms = (user + system) / 1000;
  context.diagnostic(`2 × 100,000 records, 4 cells of 3 statistics: ${ms.toFixed(0)} ms`);
  assert.equal(total?.values[0], 50_000);
});
