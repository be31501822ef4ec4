import assert from "node:assert/strict";
import { test } from "node:test";
import fc from "fast-check";
import { statisticsFor } from "./question.ts";
import type { CommittedColumn, Statistic } from "../../schemas/avro/index.ts";
import { participant } from "../../test/agent-messages.ts";
import { planAt } from "../../test/stage-plan.ts";
import { collaboration } from "../../test/stage-question.ts";
import type { Column } from "./derived-columns.ts";
import {
  addCoordinates,
  bySlot,
  categoryCoordinate,
  columnsDigest,
  committedColumns,
  coordinateOf,
  coordinatesOf,
  layoutOf,
  placesOf,
  positionOf,
  type Values,
} from "./coordinates.ts";

const arbitraryColumn: fc.Arbitrary<CommittedColumn> = fc.oneof(
  fc
    .record({
      lower: fc.integer({ min: -1000, max: 1000 }),
      span: fc.integer({ min: 1, max: 1000 }),
      nullable: fc.boolean(),
    })
    .map(({ lower, span, nullable }) => ({ kind: "integer", lower, upper: lower + span, nullable })),
  fc.boolean().map((nullable) => ({ kind: "flag", lower: 0, upper: 1, nullable })),
  fc.integer({ min: 1, max: 5 }).map((upper) => ({ kind: "category", lower: 0, upper, nullable: false })),
);
const valueOf = ({ lower, upper, nullable }: CommittedColumn): fc.Arbitrary<number | null> =>
  nullable ? fc.option(fc.integer({ min: lower, max: upper })) : fc.integer({ min: lower, max: upper });
const valuesOf = (columns: readonly CommittedColumn[]): fc.Arbitrary<Values> =>
  fc.tuple(...columns.map(valueOf));
const arbitraryColumns = fc.array(arbitraryColumn, { maxLength: 6 });

/** Columns with some records that keep to them. */
const arbitraryDataset = arbitraryColumns.chain((columns) =>
  fc.record({
    columns: fc.constant(columns),
    records: fc.array(valuesOf(columns), { minLength: 2, maxLength: 8 }),
  }),
);

test("count, then each column: its value above the bound and whether it is there, or one for its category", () => {
  const columns = committedColumns(participant("beta").columns);
  for (const [values, coordinates] of [
    [
      [40, 1, 0],
      [1, 40, 1, 1, 1, 0, 0],
    ],
    [
      [0, 0, 2],
      [1, 0, 1, 0, 0, 0, 1],
    ],
    [
      [null, 1, 1],
      [1, 0, 0, 1, 0, 1, 0],
    ],
  ] as const) {
    assert.deepEqual(coordinatesOf(values, columns), coordinates);
  }
  const [age] = collaboration.providers[0]?.columns ?? [];
  assert.ok(age?.kind === "integer");
  assert.deepEqual(coordinatesOf([116], committedColumns([age])), [1, 116 - age.lower, 1]);
});

test("coordinates are non-negative, within their column's span, and as many as there are places", () => {
  fc.assert(
    fc.property(arbitraryDataset, ({ columns, records }) => {
      const { places, width } = placesOf(columns);
      for (const values of records) {
        const coordinates = coordinatesOf(values, columns);
        assert.equal(coordinates.length, width);
        assert.equal(coordinates[0], 1);
        assert.ok(coordinates.every((coordinate) => Number.isSafeInteger(coordinate) && coordinate >= 0));
        for (const [index, { kind, lower, upper }] of columns.entries()) {
          const { first, valid } = places[index] ?? { first: Number.NaN };
          assert.ok((coordinates[first] ?? Number.NaN) <= (kind === "category" ? 1 : upper - lower));
          if (valid !== undefined) assert.ok((coordinates[valid] ?? Number.NaN) <= 1);
        }
      }
    }),
  );
});

test("no two different records have the same coordinates", () => {
  fc.assert(
    fc.property(arbitraryDataset, ({ columns, records }) => {
      const told = new Map(records.map((values) => [JSON.stringify(values), coordinatesOf(values, columns)]));
      assert.equal(new Set([...told.values()].map(String)).size, told.size);
    }),
  );
});

test("records add up coordinate by coordinate, wherever their slot starts", () => {
  fc.assert(
    fc.property(arbitraryDataset, fc.nat(3), ({ columns, records }, offset) => {
      const { places, width } = placesOf(columns);
      const sums = new Float64Array(offset + width + 1);
      for (const values of records) addCoordinates(sums, offset, values, columns, places);
      const expected = Array.from({ length: width }, (_, index) =>
        records.reduce((sum, values) => sum + (coordinatesOf(values, columns)[index] ?? Number.NaN), 0),
      );
      assert.deepEqual([...sums], [...Array.from({ length: offset }, () => 0), ...expected, 0]);
    }),
  );
});

test("a statistic's coordinate sums to what its definition says", () => {
  const plan = planAt();
  const { columns = [] } = plan.datasets[1] ?? {};
  const layout = layoutOf(plan);
  const measures = collaboration.providers.flatMap(({ dataset, columns: declared }) =>
    declared
      .filter(({ kind }) => kind !== "category")
      .flatMap(({ name: column }) =>
        (["mean", "sum"] as const).map((kind) => ({ kind, of: { dataset, column } })),
      ),
  );
  const statistics = statisticsFor({ measures, groupings: [{ by: "total" }] }, collaboration);
  assert.equal(statistics.length, 6);
  const [people = []] = plan.datasets.map((pinned) => pinned.columns);
  const records = fc.array(fc.tuple(valuesOf(people), valuesOf(columns)), { maxLength: 10 });
  fc.assert(
    fc.property(records, (matched) => {
      const sums = Array.from({ length: layout.length }, () => 0);
      for (const person of matched) {
        for (const [slot, values] of person.entries()) {
          const { offset, places } = layout.slots[slot] ?? { offset: Number.NaN, places: [] };
          addCoordinates(sums, offset, values, plan.datasets[slot]?.columns ?? [], places);
        }
      }
      for (const statistic of statistics) {
        const position = positionOf(coordinateOf(statistic, plan), layout);
        assert.equal(sums[position], byDefinition(statistic, matched), statistic.name);
      }
    }),
  );

  function byDefinition({ kind, dataset, column, lower }: Statistic, matched: [Values, Values][]): number {
    if (kind === "count") return matched.length;
    const slot = plan.datasets.findIndex((pinned) => pinned.dataset === dataset);
    const present = matched
      .map((person) => person[slot]?.[column ?? -1] ?? null)
      .filter((value): value is number => value !== null);
    return kind === "valid" ? present.length : present.reduce((sum, value) => sum + value - lower, 0);
  }
});

test("a plan's slots lie one behind the other, and sums come apart again by slot", () => {
  fc.assert(
    fc.property(fc.array(arbitraryColumns, { minLength: 1, maxLength: 4 }), (slots) => {
      const layout = layoutOf({
        datasets: slots.map((columns, slot) => ({
          ...planAt().datasets[0],
          dataset: `d${String(slot)}`,
          columns,
        })) as never,
      });
      const positions = layout.slots.flatMap(({ width }, slot) =>
        Array.from({ length: width }, (_, index) => positionOf({ slot, index }, layout)),
      );
      assert.deepEqual(positions, [...Array(layout.length).keys()]);
      const apart = bySlot(positions, layout);
      assert.deepEqual(apart.flat(), positions);
      assert.deepEqual(
        apart.map(({ length }) => length),
        slots.map((columns) => placesOf(columns).width),
      );
    }),
  );
});

test("a category has the coordinate of its index, and everybody together has none", () => {
  const plan = planAt();
  const state = { dataset: "people", column: 1 };
  assert.deepEqual(
    [0, 1, 2].map((category) => categoryCoordinate(state, category, plan)),
    [3, 4, 5].map((index) => ({ slot: 0, index })),
  );
  assert.equal(categoryCoordinate({ dataset: null, column: null }, 0, plan), undefined);
});

test("fails on what is no column of a pinned dataset, and no kind of statistic", () => {
  const plan = planAt();
  const sum = { name: "sum", kind: "sum", dataset: "people", column: 0, lower: 0, sensitivity: 1 };
  for (const wrong of [
    { ...sum, dataset: "elsewhere" },
    { ...sum, column: 2 },
    { ...sum, column: null },
    { ...sum, kind: "square" },
    // Stays are never absent: nobody committed to whether they are there.
    { ...sum, kind: "valid", dataset: "visits" },
  ]) {
    assert.throws(() => coordinateOf(wrong, plan));
  }
  assert.throws(() => categoryCoordinate({ dataset: "elsewhere", column: 0 }, 0, plan));
});

test("the digest of columns changes with every member of every column, and with their order", () => {
  const { columns } = participant("beta");
  const [age, member, state] = columns;
  assert.ok(age?.kind === "integer" && member?.kind === "flag" && state?.kind === "category");
  const others: Column[][] = [
    [age, member],
    [member, age, state],
    [{ ...age, upper: 121 }, member, state],
    [{ ...age, lower: 1 }, member, state],
    [{ ...age, nullable: false }, member, state],
    [{ ...age, name: "years" }, member, state],
    [age, { ...member, true: ["yes"] }, state],
    [age, member, { ...state, domain: ["vic", "nsw"] }],
    [age, member, { ...state, other: "none" }],
  ];
  const digests = [columns, ...others].map(columnsDigest);
  assert.equal(new Set(digests).size, digests.length);
  assert.equal(columnsDigest(structuredClone(columns)), digests[0]);
});
