import assert from "node:assert/strict";
import { describe, test } from "node:test";
import fc from "fast-check";
import type { Cell, Plan } from "../../schemas/avro/index.ts";
import { planAt } from "../../test/stage-plan.ts";
import { match, type StoredRecord } from "./match.ts";

type Records = [string, StoredRecord][];

const recordsOf = (...records: StoredRecord[]): Records =>
  records.map((record, index) => [index.toString(16).padStart(32, "0"), record]);

const person = (age: number | null, state: number): StoredRecord => ({ people: [age, state], visits: [3] });

/** The same by its definition: a filter and a sum for every single number. */
function matchByDefinition(records: Records, plan: Plan): Cell[] {
  const matched = records
    .map(([, record]) => record)
    .filter((record) => plan.datasets.every(({ dataset }) => record[dataset] !== undefined));
  const at = (record: StoredRecord, { dataset, column }: { dataset: string | null; column: number | null }) =>
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

const arbitraryRecord: fc.Arbitrary<StoredRecord> = fc
  .record(
    {
      people: fc.tuple(fc.option(fc.integer({ min: 16, max: 116 })), fc.integer({ min: 0, max: 2 })),
      visits: fc.tuple(fc.integer({ min: 0, max: 30 })),
      elsewhere: fc.tuple(fc.integer()),
    },
    { requiredKeys: [] },
  )
  .map((record) => JSON.parse(JSON.stringify(record)) as StoredRecord);

test("agrees with the definition on whatever records", () => {
  fc.assert(
    fc.property(fc.array(arbitraryRecord, { maxLength: 60 }), (records) => {
      assert.deepEqual(
        match(recordsOf(...records), planAt()),
        matchByDefinition(recordsOf(...records), planAt()),
      );
    }),
  );
});

test("adds up over any split of the records", () => {
  fc.assert(
    fc.property(fc.array(arbitraryRecord), fc.nat(), (records, at) => {
      const whole = match(recordsOf(...records), planAt());
      const cut = records.length === 0 ? 0 : at % records.length;
      const rest = match(recordsOf(...records.slice(cut)), planAt());
      const sums = match(recordsOf(...records.slice(0, cut)), planAt()).map((cell, index) => ({
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
      const before = match(recordsOf(...records), plan);
      const after = match(recordsOf(...records, added), plan);
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
  const lone: StoredRecord[] = [{ people: [40, 0] }, { visits: [3] }];
  const zeros = [
    { grouping: 0, category: 0, values: [0, 0, 0] },
    { grouping: 1, category: 0, values: [0, 0, 0] },
    { grouping: 1, category: 1, values: [0, 0, 0] },
    { grouping: 1, category: 2, values: [0, 0, 0] },
  ];
  assert.deepEqual(match(recordsOf(...lone), planAt()), zeros);
});

test("counts a person without a value, sums from the lower bound, and knows other by the last index", () => {
  const cells = match(recordsOf(person(null, 2), person(16, 2), person(116, 0)), planAt());
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

test("takes no inherited member for a dataset", () => {
  const datasets = ["people", "constructor"].map((dataset) => ({
    provider: "p",
    dataset,
    sequence: 1,
    head: "",
  }));
  const cells = match(recordsOf({ people: [40, 0] }), planAt(1, 1, { datasets }));
  assert.deepEqual(cells[0]?.values, [0, 0, 0]);
});

describe("fails with INTERNAL_ERROR and no number", () => {
  const fails = (name: string, records: StoredRecord[], changes: Partial<Plan> = {}): void => {
    test(name, () => {
      assert.throws(
        () => match(recordsOf(...records), planAt(1, 1, changes)),
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

test("one hundred thousand records take well under a second", (context) => {
  const records: Records = Array.from({ length: 100_000 }, (_, index) => [
    index.toString(16).padStart(32, "0"),
    index % 3 === 0 ? { people: [40, 1] } : { people: [16 + (index % 101), index % 3], visits: [index % 30] },
  ]);
  // Processor time: other work on the machine is not this function's.
  const start = process.cpuUsage();
  match(records, planAt());
  const { user, system } = process.cpuUsage(start);
  const ms = (user + system) / 1000;
  context.diagnostic(`100,000 records, 4 cells of 3 statistics: ${ms.toFixed(0)} ms`);
  assert.ok(ms < 1000);
});
